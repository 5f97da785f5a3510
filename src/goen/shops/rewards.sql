-- name: put_reward!
-- A reward as it is to be had from now on.
insert into reward (code, stock_anchor, document, changed_at, changed_by) values (:code, :anchor, :document, :now, :by)
    on conflict (code) do update set document = excluded.document, changed_at = excluded.changed_at,
       changed_by = excluded.changed_by;

-- name: reward^
-- One reward: its document, codes that were put in, and the pieces that orders have.
select r.code, r.document::text as document, r.changed_at, r.changed_by,
       (select count(*) from reward_code c where c.reward = r.code) as codes, coalesce(a.drawn, 0) as ordered
  from reward r
  left join limit_account a on a.anchor = r.stock_anchor and a.code = 'reward_stock:' || r.code and a.period = 'ever'
 where r.code = :code;

-- name: lock_reward^
-- A reward's document, held until the end of the transaction.
select r.document::text as document from reward r where r.code = :code for update;

-- name: rewards
-- Rewards by code.
select r.code, r.document::text as document, r.changed_at, r.changed_by,
       (select count(*) from reward_code c where c.reward = r.code) as codes, coalesce(a.drawn, 0) as ordered
  from reward r
  left join limit_account a on a.anchor = r.stock_anchor and a.code = 'reward_stock:' || r.code and a.period = 'ever'
 where r.code > :after order by r.code limit :rows;

-- name: add_codes$
-- Codes of a reward, numbered on from those there are; how many were new.
with added as (
  insert into reward_code (reward, number, value)
  select :reward, coalesce((select max(c.number) from reward_code c where c.reward = :reward), 0) + v.n, v.value
    from unnest(:values::text[]) with ordinality as v (value, n)
      on conflict do nothing returning 1
)
select count(*) from added;

-- name: order_of^
-- One order.
select o.member_id, o.order_id, o.reward, o.status, o.points, o.money, o.delivery, o.coupon, o.address::text as address,
       o.tracking, o.ordered_at, o.changed_at, o.shop_id, o.pool_id, c.value as gift_code, r.document::text as document
  from reward_order o
  join reward r on r.code = o.reward
  left join reward_code c on c.reward = o.reward and c.number = o.code_number
 where o.member_id = :member_id and o.order_id = :order_id;

-- name: orders_of
-- Orders of a person under all names, newest first.
select o.member_id, o.order_id, o.reward, o.status, o.points, o.money, o.delivery, o.coupon, o.address::text as address,
       o.tracking, o.ordered_at, o.changed_at, o.shop_id, o.pool_id, c.value as gift_code, r.document::text as document
  from reward_order o
  join reward r on r.code = o.reward
  left join reward_code c on c.reward = o.reward and c.number = o.code_number
 where o.member_id = any(:members::bigint[])
   and (:before::timestamptz is null or (o.ordered_at, o.order_id) < (:before, :before_id))
 order by o.ordered_at desc, o.order_id desc limit :rows;

-- name: orders_waiting
-- Orders of a status that somebody still has to do something about, oldest first;
-- of a number, a tracking number, part of what the reward is called, or of these members; of some shops, with what is
-- picked up in whichever.
select o.member_id, o.order_id, o.reward, o.status, o.points, o.money, o.delivery, o.coupon, o.address::text as address,
       o.tracking, o.ordered_at, o.changed_at, o.shop_id, o.pool_id, c.value as gift_code, r.document::text as document
  from reward_order o
  join reward r on r.code = o.reward
  left join reward_code c on c.reward = o.reward and c.number = o.code_number
 where o.status = :status
   and (:wanted::text = '' or o.member_id = any(:members::bigint[]) or o.order_id = :wanted or o.tracking = :wanted
        or position(lower(:wanted) in lower(o.reward || ' ' || coalesce(r.document::jsonb->>'name', ''))) > 0)
   and (:shops::bigint[] is null or o.shop_id = any(:shops) or (o.shop_id is null and o.delivery = 'pickup'))
   and (:after::timestamptz is null or (o.ordered_at, o.order_id) > (:after, :after_id))
 order by o.ordered_at, o.order_id limit :rows;

-- name: orders_latest
-- The same, newest first.
select o.member_id, o.order_id, o.reward, o.status, o.points, o.money, o.delivery, o.coupon, o.address::text as address,
       o.tracking, o.ordered_at, o.changed_at, o.shop_id, o.pool_id, c.value as gift_code, r.document::text as document
  from reward_order o
  join reward r on r.code = o.reward
  left join reward_code c on c.reward = o.reward and c.number = o.code_number
 where o.status = :status
   and (:wanted::text = '' or o.member_id = any(:members::bigint[]) or o.order_id = :wanted or o.tracking = :wanted
        or position(lower(:wanted) in lower(o.reward || ' ' || coalesce(r.document::jsonb->>'name', ''))) > 0)
   and (:shops::bigint[] is null or o.shop_id = any(:shops) or (o.shop_id is null and o.delivery = 'pickup'))
   and (:after::timestamptz is null or (o.ordered_at, o.order_id) < (:after, :after_id))
 order by o.ordered_at desc, o.order_id desc limit :rows;

-- name: move_order$
-- An order goes on, from one status to the next; null where it is not there.
update reward_order set status = :to_status, tracking = coalesce(:tracking, tracking), changed_at = :now
 where member_id = :member_id and order_id = :order_id and status = :from_status returning order_id;

-- name: taken
-- How many of each reward a person has under all names, cancelled orders aside.
select o.reward, count(*) as taken from reward_order o
 where o.member_id = any(:members::bigint[]) and o.status <> 'cancelled' group by o.reward;
