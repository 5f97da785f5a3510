-- name: purchases_by_id
-- Sales by where they stand and id, each with its holder. Read-only.
select p.member_id, p.purchase_id, p.shop_id, p.external_id, p.status, p.occurred_at, p.business_date, p.recorded_at,
       p.booked_on, p.total, p.payable, p.confirms_on, p.document, p.decision, p.progress,
       c.claimed_at, h.member_id as holder, h.number, h.tier, f.member_id as owner
  from unnest(:homes::bigint[], :ids::text[]) with ordinality as i (member_id, purchase_id, n)
  join purchase p on p.member_id = i.member_id and p.purchase_id = i.purchase_id
  left join purchase_claim c on c.member_id = p.claimed_by and c.purchase_id = p.purchase_id
  left join member f on f.member_id = coalesce(p.claimed_by, p.member_as_presented)
  left join member o on o.member_id = p.member_id and o.household
  left join member h on h.member_id = coalesce(o.member_id, f.survivor_id, f.member_id)
 order by i.n;

-- name: purchase_ids
-- A member's sales, the claimed ones too, newest first after a place in that order: where they stand. Whose a sale is
-- says who was presented, unless it is a household's; it stands with whoever held that member's points then. Read-only.
select p.member_id, p.purchase_id, p.occurred_at
  from (select s.member_id, s.purchase_id, s.occurred_at, s.business_date from purchase s
         where s.member_id = any(:homes::bigint[]) and s.claimed_by is null
           and (s.member_as_presented = any(:members::bigint[])
             or s.member_id in (select o.member_id from member o where o.member_id = any(:homes::bigint[]) and o.household))
        union all
        select s.member_id, s.purchase_id, s.occurred_at, s.business_date
          from purchase_claim c
          join purchase s on s.member_id = c.anchor and s.purchase_id = c.purchase_id
         where c.member_id = any(:members::bigint[])) p
 where (:first_day::date is null or p.business_date >= :first_day)
   and (:last_day::date is null or p.business_date <= :last_day)
   and (:first_at::timestamptz is null or p.occurred_at >= :first_at)
   and (:last_at::timestamptz is null or p.occurred_at <= :last_at)
   and (:before_at::timestamptz is null or (p.occurred_at, p.purchase_id) < (:before_at, :before_id::text))
 order by p.occurred_at desc, p.purchase_id desc limit :limit;

-- name: of_shops
-- Which of these sales these shops made. Read-only.
select p.purchase_id
  from unnest(:homes::bigint[], :ids::text[]) as i (member_id, purchase_id)
  join purchase p on p.member_id = i.member_id and p.purchase_id = i.purchase_id
 where p.shop_id = any(:shops::bigint[]);

-- name: by_receipt$
-- The sale that stands under a receipt's key; null where there is none. Read-only.
select k.subject from act_key k where k.key_hash = :key_hash and k.key_check = :key_check;

-- name: returns_of
-- What came back of sales, oldest first: returns stand with the sale, with its owner, or with whom the owner was merged
-- into then. Read-only.
with recursive homes (member_id) as (
  select unnest(:homes::bigint[])
  union
  select g.survivor_id from homes h join member_merge g on g.member_id = h.member_id
)
select r.purchase_id, r.return_id, r.shop_id, r.external_id, r.occurred_at, r.recorded_at, r.booked_on, r.refund,
       r.earned_reversed, r.pending_reversed, r.used_restored, r.expired_lost, r.shortage, r.document::text
  from purchase_return r
 where r.member_id in (select member_id from homes) and r.purchase_id = any(:ids::text[])
 order by r.recorded_at, r.return_id;

-- name: hold^
-- One hold by its first home and id, with its member. Merges move it: it is with whoever holds the points of the member
-- who was presented. Read-only.
select h.hold_id, h.shop_id, h.reference, h.points, h.captured,
       case when h.status = 'open' and h.expires_at <= :now::timestamptz then 'expired' else h.status end as status,
       h.expires_at, m.member_id as holder, m.number, m.tier
  from hold o
  left join member f on f.member_id = o.member_as_presented and o.status = 'moved'
  join hold h on h.member_id = coalesce(f.survivor_id, f.member_id, o.member_id) and h.hold_id = o.hold_id
  join member p on p.member_id = h.member_id
  join member m on m.member_id = coalesce(p.survivor_id, p.member_id)
 where o.member_id = :home and o.hold_id = :hold_id;
