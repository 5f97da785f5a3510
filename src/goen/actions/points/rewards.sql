-- name: reward
-- A reward as it is to be had now.
select r.document::text as document from reward r where r.code = :reward;

-- name: free_code
-- The next code: they are given away in their order, and none comes back.
select c.number, c.value from reward_code c
 where c.reward = :reward
   and c.number > coalesce((select max(o.code_number) from reward_order o where o.reward = :reward), 0)
 order by c.number limit 1;

-- name: order_held
-- An order as it is now.
select o.status, o.points, o.money, o.lots::text as lots, o.reward, r.document::text as document, o.delivery, o.coupon,
       o.shop_id, o.pool_id, o.ordered_at
  from reward_order o join reward r on r.code = o.reward
 where o.member_id = :member_id and o.order_id = :order_id;

-- name: coupon_used
-- Whether a coupon was used and not given back.
select count(*) filter (where u.what = 'use') > count(*) filter (where u.what = 'back') as used
  from coupon_use u where u.code_hash = :code_hash and u.code = :code;

-- name: add_order!
-- A new order.
insert into reward_order (member_id, order_id, reward, status, points, money, lots, delivery, coupon, code_number, address,
       ordered_at, changed_at, act_id, shop_id, pool_id)
values (:member_id, :order_id, :reward, :status, :points, :money, :lots, :delivery, :coupon, :code_number, :address,
        :now, :now, :act_id, :shop_id, :pool_id);

-- name: cancel_order
-- An order falls away; fails where it has gone on meanwhile.
select cancel_reward_order(:member_id, :order_id, :status, :at);

-- name: take_coupon
-- The coupon of an order that falls away; fails where it was used meanwhile.
select take_reward_coupon(:code_hash, :code, :at, :act_id);
