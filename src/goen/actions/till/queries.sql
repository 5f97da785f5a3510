-- name: members_presented
-- Members behind identifiers, with their accounts. Several rows per identifier: a phone may be shared. A merged
-- member's identifiers lead to the survivor, those of a household's person to the pool unless its own books are
-- wanted (kind own); who was presented is told beside it, and in a household which person that is. Read-only.
select i.n, p.member_id as presented_id, case when m.member_id = p.survivor_id then p.lot_shift else 0 end as lot_shift,
       k.identifier_id, k.verified, m.member_id, m.number, m.status,
       m.tier, m.name, m.pin_hash, m.merged_in, a.booked, a.pending, a.held, a.debt, a.seq, a.version, a.active_on,
       case when p.pool_id is null then not p.household else p.pool_spend
         and coalesce((select s.status from member s where s.member_id = p.survivor_id), p.status) = 'active' end as may_spend,
       m.pool_id, r.member_id as person_id, r.number as person_number, r.tier as person_tier, r.name as person_name, d.dead,
       d.days, d.since, d.points
  from unnest(:hashes::bigint[], :kinds::text[], :shops::bigint[], :normals::text[], :members::bigint[])
       with ordinality as i (hash, kind, shop_id, normal, member_id, n)
  left join identifier_key k
         on k.key_hash = i.hash and k.kind = i.kind and k.shop_id = i.shop_id and k.normal = i.normal
  join member p on p.member_id = coalesce(i.member_id, k.member_id)
  join member m on m.member_id = coalesce(case when i.kind <> 'own' then p.pool_id end, p.survivor_id, p.member_id)
  join member_account a on a.member_id = m.member_id
  left join lateral (
    select s.member_id, s.number, s.tier, s.name from member s
     where m.household and s.member_id = coalesce(p.survivor_id, p.member_id)) r on true
  cross join lateral (
    -- One walk down lot_open for what is past its last day and what ends soon (30 days: ledger.model.ENDING_DAYS).
    select coalesce(sum(e.points) filter (where e.expires_on < :today::date), 0)::bigint as dead,
           array_agg(e.expires_on) filter (where e.expires_on >= :today) as days,
           array_agg(e.since) filter (where e.expires_on >= :today) as since,
           array_agg(e.points) filter (where e.expires_on >= :today) as points
      from (select l.expires_on, case when l.kind = 'regular' then l.programme_version else -1 end as since,
                   sum(l.remaining - l.held)::bigint as points
              from lot l
             where l.member_id = m.member_id and l.open and l.kind in ('limited', 'regular')
               and l.expires_on <= :today::date + 30
             group by 1, 2) e) d;

-- name: lock_accounts
-- One lock order for everybody: accounts by member.
select a.member_id from member_account a where a.member_id = any(:members::bigint[]) order by a.member_id for no key update;

-- name: moved
-- Whether any of these accounts is not at the version that was read.
select exists (select from unnest(:members::bigint[], :versions::bigint[]) as i (member_id, version)
  join member_account a on a.member_id = i.member_id and a.version <> i.version);

-- name: keys_taken
-- Acts that were done before under these keys, with request and answer.
select i.n, a.kind, k.digest, k.subject, a.status, a.answer, coalesce(a.request::text, p.document) as request
  from unnest(:hashes::bigint[], :checks::bigint[]) with ordinality as i (key_hash, key_check, n)
  join act_key k on k.key_hash = i.key_hash and k.key_check = i.key_check
  join act a on a.member_id = k.member_id and a.act_id = k.act_id
  left join purchase p on p.member_id = k.member_id and p.purchase_id = k.subject and a.request is null;

-- name: had_name
-- Whether one of these members is or was known by this name, or by one of its kind that was erased since.
select exists (select from member_identifier
  where member_id = any(:member_ids::bigint[]) and kind = :kind
    and (normal = '' or (normal = :normal and shop_id is not distinct from :shop_id)));

-- name: receipts
-- The purchases that stand under these receipt keys.
select i.n, k.subject
  from unnest(:hashes::bigint[], :checks::bigint[]) with ordinality as i (key_hash, key_check, n)
  join act_key k on k.key_hash = i.key_hash and k.key_check = i.key_check;

-- name: purchases
-- Purchases by member and id, with everything a later act needs.
select p.member_id, p.purchase_id, p.shop_id, p.external_id, p.status, p.occurred_at, p.business_date, p.booked_on,
       p.act_id, p.programme_version, p.total, p.payable, p.document, p.decision, p.progress,
       p.claimed_by, p.confirms_on, p.identifier_id, p.member_as_presented, p.version, m.member_id as pool_id
  from unnest(:members::bigint[], :ids::text[]) as i (member_id, purchase_id)
  join purchase p on p.member_id = i.member_id and p.purchase_id = i.purchase_id
  left join member m on m.member_id = p.member_id and m.household;

-- name: holds
-- Holds by member and id.
select h.member_id, h.hold_id, h.shop_id, h.purchase_id, h.reference, h.points, h.captured, h.status, h.draws::text,
       h.created_at, h.expires_at, h.act_id, h.identifier_id, h.member_as_presented
  from unnest(:members::bigint[], :ids::text[]) as i (member_id, hold_id)
  join hold h on h.member_id = i.member_id and h.hold_id = i.hold_id;

-- name: due_holds
-- Open holds of these members that have run out although no job has freed them yet.
select h.member_id, h.hold_id, h.shop_id, h.purchase_id, h.reference, h.points, h.captured, h.status, h.draws::text,
       h.created_at, h.expires_at, h.act_id, h.identifier_id, h.member_as_presented
  from hold h
 where h.member_id = any(:members::bigint[]) and h.status = 'open' and h.expires_at <= :now::timestamptz;

-- name: first_lots
-- A member's debts and the lots first in spending order (index lot_open). Sixteen cover almost every draw.
select l.member_id, l.lot_id, l.kind, l.granted_on, l.grant_year, l.expires_on, l.points, l.remaining, l.held, l.expired,
       l.act_id, l.purchase_id, l.programme_version, l.rule, l.funder, l.origin_member_id, l.origin_lot_id
  from unnest(:members::bigint[]) as i (member_id)
  cross join lateral (
    select * from lot o
     where o.member_id = i.member_id and o.open
       and (o.kind = 'debt' or o.expires_on is null or o.expires_on >= :today::date)
     order by o.kind, o.expires_on, o.lot_id limit 16) l;

-- name: all_lots
-- Every open lot of these members, and the closed ones named.
select l.member_id, l.lot_id, l.kind, l.granted_on, l.grant_year, l.expires_on, l.points, l.remaining, l.held, l.expired,
       l.act_id, l.purchase_id, l.programme_version, l.rule, l.funder, l.origin_member_id, l.origin_lot_id
  from lot l where l.member_id = any(:members::bigint[]) and l.open
union all
select l.member_id, l.lot_id, l.kind, l.granted_on, l.grant_year, l.expires_on, l.points, l.remaining, l.held, l.expired,
       l.act_id, l.purchase_id, l.programme_version, l.rule, l.funder, l.origin_member_id, l.origin_lot_id
  from unnest(:lot_members::bigint[], :lots::bigint[]) as i (member_id, lot_id)
  join lot l on l.member_id = i.member_id and l.lot_id = i.lot_id and not l.open;

-- name: borrowed_lots
-- Closed lots of members merged into these, as they stood when they were: under the number that they would have with
-- the survivor, nearest merge first.
select i.member_id, i.lot_id, l.kind, l.granted_on, l.grant_year, l.expires_on, 0::bigint as points,
       0::bigint as remaining, 0::bigint as held, l.expired, 0::bigint as act_id, l.purchase_id, l.programme_version,
       l.rule, l.funder, coalesce(l.origin_member_id, l.member_id), coalesce(l.origin_lot_id, l.lot_id)
  from unnest(:members::bigint[], :lots::bigint[]) as i (member_id, lot_id)
  join member a on a.survivor_id = i.member_id
  join lot l on l.member_id = a.member_id and l.lot_id = i.lot_id - a.lot_shift
 order by i.member_id, i.lot_id, a.lot_shift;

-- name: aliases
-- Everybody merged into these members.
select a.survivor_id, a.member_id from member a where a.survivor_id = any(:members::bigint[]);

-- name: limits
-- What is drawn on these limits.
select l.anchor, l.code, l.period, l.drawn
  from unnest(:anchors::bigint[], :codes::text[], :periods::text[]) as i (anchor, code, period)
  join limit_account l on l.anchor = i.anchor and l.code = i.code and l.period = i.period;

-- name: histories
-- Purchases of these people, as whoever they were merged from and in whosever books, that were neither cancelled nor
-- wholly returned; of claimed ones too.
select i.member_id, count(p.shop_id) as purchases, count(*) filter (where s.kind = 'ec') as web,
       max(p.business_date) as last_on
  from unnest(:members::bigint[]) as i (member_id)
  left join lateral (
    with family as (
      select i.member_id
      union all
      select a.member_id from member a where a.survivor_id = i.member_id
    ), homes as (
      select f.member_id from family f
      union
      select g.survivor_id from family f join member_merge g on g.member_id = f.member_id
      union
      select h.household_id from family f join household_member h on h.member_id = f.member_id and h.joined_at is not null
    )
    select o.shop_id, o.business_date from homes h join purchase o on o.member_id = h.member_id
     where coalesce(o.claimed_by, o.member_as_presented) in (select f.member_id from family f)
       and o.status <> 'cancelled' and coalesce(o.progress, '') not like '%"full":true%'
    union all
    select o.shop_id, o.business_date from family f join purchase_claim c on c.member_id = f.member_id
      join purchase o on o.member_id = c.anchor and o.purchase_id = c.purchase_id
     where o.status <> 'cancelled' and coalesce(o.progress, '') not like '%"full":true%') p on true
  left join shop s on s.shop_id = p.shop_id
 group by i.member_id;

-- name: stamps
-- What was put onto the stamp cards of these people, as whoever they were merged from, and taken off them.
select i.member_id, s.campaign, s.purchase_id, s.day, s.stamps, s.size, s.until, s.filled, s.undone
  from unnest(:members::bigint[]) as i (member_id)
 cross join lateral (
    select i.member_id
    union all
    select a.member_id from member a where a.survivor_id = i.member_id) f
  join stamp s on s.member_id = f.member_id
 order by i.member_id, s.at, s.act_id, s.campaign;

-- name: traits
-- Birth month and segments of these people, those included that somebody merged into them was put into.
select m.member_id, extract(month from m.birth_date)::int as birth_month,
       array(select g.segment from member_segment g where g.member_id = m.member_id
             union
             select g.segment from member a join member_segment g on g.member_id = a.member_id
              where a.survivor_id = m.member_id order by 1) as segments
  from member m where m.member_id = any(:members::bigint[]);

-- name: articles
-- Products as campaigns look at them.
select p.sku, p.category, p.brand, p.maker, p.tags, p.clearance from product p where p.sku = any(:skus::text[]);

-- name: coupons
-- Coupons by code, each with the version that counts: the one it was issued under, or for a public code the one of the
-- sale's moment. Who alone may use it is told as who that is by now.
select i.n, c.version is not null as own, v.document::text as document,
       (select coalesce(m.survivor_id, m.member_id) from member m where m.member_id = c.member_id) as holder,
       c.usable_from, c.usable_until, c.void_at is not null as void, k.stopped_at
  from unnest(:hashes::bigint[], :codes::text[], :moments::timestamptz[]) with ordinality as i (code_hash, code, at, n)
  join coupon c on c.code_hash = i.code_hash and c.code = i.code
  join coupon_kind k on k.code = c.kind
 cross join lateral (
    select o.document from coupon_kind_version o
     where o.code = c.kind and case when c.version is null then o.version = 1 or o.counts_from <= i.at
                                    else o.version = c.version end
     order by o.version desc limit 1) v;

-- name: coupon_kinds
-- The newest version of these kinds of coupons, but of those that were stopped.
select k.code, v.document::text as document
  from coupon_kind k join coupon_kind_version v on v.code = k.code and v.version = k.version
 where k.code = any(:codes::text[]) and k.stopped_at is null;

-- name: climbs
-- Where these people stand on ladders of tiers, and what their sales since a day count, those included of members
-- merged into them. A household stands on none: nothing raises it. *The* tier of a member is that of the first ladder; an import may have given it.
select i.n, s.gross, s.net, s.points, s.purchases, case when t.member_id is null and i.first then m.tier else t.tier end as tier,
       t.kept_until, case when m.household then 'fixed' else t.manual end as manual, t.manual_tier, t.manual_until, t.paused_until,
       t.before_tier, t.before_kept_until, t.given_on, t.since
  from unnest(:members::bigint[], :programmes::text[], :sinces::date[], :firsts::boolean[])
       with ordinality as i (member_id, programme, since, first, n)
  join member m on m.member_id = i.member_id
  left join member_tier t on t.member_id = i.member_id and t.programme = i.programme
  cross join lateral (
    select coalesce(sum(k.gross), 0)::bigint as gross, coalesce(sum(k.net), 0)::bigint as net,
           coalesce(sum(k.points), 0)::bigint as points, coalesce(sum(k.purchases), 0)::bigint as purchases
      from (select i.member_id
            union all
            select a.member_id from member a where m.merged_in > 0 and a.survivor_id = i.member_id) f
      join tier_measure k on k.member_id = f.member_id and k.day >= i.since) s;

-- name: post_batch
-- Write a batch: keys, limits, then everything of the members' home, in one commit.
select post_batch(:at, :keys::posted_key[], :limits::posted_limit[], :acts::posted_act[], :accounts::posted_account[],
  :entries::posted_entry[], :lots::posted_lot[], :lot_changes::posted_lot_change[], :moves::posted_move[],
  :slides::posted_slide[], :holds::posted_hold[], :hold_changes::posted_hold_change[], :purchases::posted_purchase[],
  :purchase_changes::posted_purchase_change[], :claims::posted_claim[], :returns::posted_return[],
  :events::posted_event[], :audits::posted_audit[]);

-- name: post_batch_and_tiers
-- The same, and what its sales count for tiers: still one call and one commit.
select post_batch(:at, :keys::posted_key[], :limits::posted_limit[], :acts::posted_act[], :accounts::posted_account[],
  :entries::posted_entry[], :lots::posted_lot[], :lot_changes::posted_lot_change[], :moves::posted_move[],
  :slides::posted_slide[], :holds::posted_hold[], :hold_changes::posted_hold_change[], :purchases::posted_purchase[],
  :purchase_changes::posted_purchase_change[], :claims::posted_claim[], :returns::posted_return[],
  :events::posted_event[], :audits::posted_audit[]),
  post_tiers(:at, :measures::posted_measure[], :tiers::posted_tier[]);
