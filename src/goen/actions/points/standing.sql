-- name: live_of_kind
-- The rules of a kind that give points now.
select r.code, r.live_version, v.document::text as document, r.live_from
  from standing_rule r join standing_version v on v.code = r.code and v.version = r.live_version
 where r.kind = :kind order by r.code;

-- name: live
-- One rule, where it gives points now.
select r.code, r.live_version, v.document::text as document, r.live_from
  from standing_rule r join standing_version v on v.code = r.code and v.version = r.live_version
 where r.code = :code;

-- name: facts
-- What standing rules ask of a member: the person where merged.
select m.birth_date, coalesce(m.registered_at, m.joined_at) as since, m.status, m.shop_id
  from member p join member m on m.member_id = coalesce(p.survivor_id, p.member_id)
 where p.member_id = :member_id;

-- name: last_occasion
-- The latest occasion on which a rule gave a person, under any name, something.
select max(g.occasion) from standing_grant g
 where g.code = :code
   and g.member_id in (select a.member_id from member p
                         join member a on coalesce(p.survivor_id, p.member_id) in (a.member_id, a.survivor_id)
                        where p.member_id = :member_id);

-- name: add_grant!
-- What a rule gave on an occasion.
insert into standing_grant (member_id, code, occasion, version, points, granted_at, act_id, shop_id)
values (:member_id, :code, :occasion, :version, :points, :at, :act_id, :shop_id);

-- name: add_visit!
-- A check-in.
insert into visit (member_id, visit_id, shop_id, day, at, by, act_id)
values (:member_id, :visit_id, :shop_id, :day, :at, :by, :act_id);

-- name: last_visits
-- When a person, under all names, was last seen in this shop, and in any.
select max(v.at) filter (where v.shop_id = :shop_id) as here, max(v.at) as anywhere
  from visit v
 where v.member_id in (select :member_id::bigint
                       union all
                       select a.member_id from member a where a.survivor_id = :member_id);

-- name: visit_code
-- A code that a shop shows.
select c.shop_id, c.expires_at from visit_code c where c.code_hash = :code_hash and c.code = :code;

-- name: has_bought
-- Whether a person has bought this product in a sale that stands.
select exists (
  with family as (
    select :member_id::bigint as member_id
    union all
    select a.member_id from member a where a.survivor_id = :member_id
  ), homes as (
    select f.member_id from family f
    union
    select g.survivor_id from family f join member_merge g on g.member_id = f.member_id
    union
    select h.household_id from family f join household_member h on h.member_id = f.member_id and h.joined_at is not null
  ), sales as (
    select p.document, p.progress, p.status, coalesce(p.claimed_by, p.member_as_presented) as owner
      from homes h join purchase p on p.member_id = h.member_id
    union all
    select p.document, p.progress, p.status, c.member_id
      from family f join purchase_claim c on c.member_id = f.member_id
      join purchase p on p.member_id = c.anchor and p.purchase_id = c.purchase_id
  )
  select from sales s
   where s.owner in (select f.member_id from family f) and s.status = 'completed'
     and coalesce(s.progress, '') not like '%"full":true%'
     and exists (select from json_array_elements(s.document::json -> 'lines') l where l ->> 'sku' = :sku)) as bought;

-- name: people
-- What tells two people apart, and since when each is registered.
select m.member_id, m.name, m.kana, m.birth_date, m.address, m.shop_id, m.status,
       coalesce(m.registered_at, m.joined_at) as since,
       array(select i.kind || ':' || i.normal from member_identifier i
              where i.member_id in (select m.member_id
                                    union all
                                    select a.member_id from member a where a.survivor_id = m.member_id)
                and i.kind in ('phone', 'email') and i.removed_at is null) as contacts
  from member m where m.member_id = any(:members::bigint[]);

-- name: device_known
-- Whether a friend was referred from this device before, or the referrer was.
select exists (select from referral r where r.device_hash = :device_hash) as known;

-- name: add_referral!
-- A friend was referred.
insert into referral (member_id, referral_id, referrer_id, rule, version, state, device_hash, entered_at, until,
       changed_at, act_id)
values (:member_id, :referral_id, :referrer_id, :rule, :version, 'pending', :device_hash, :at, :until, :at, :act_id);

-- name: move_referral
-- A referral is paid, void or lapsed; fails where that was so already.
select move_referral(:member_id, :referral_id, :state, :reason, :purchase_id, :at);

-- name: referral_held
-- A referral as it is now, with the version of the rule that it was entered under.
select r.state, r.rule, r.version, r.until, r.entered_at, v.document::text as document
  from referral r join standing_version v on v.code = r.rule and v.version = r.version
 where r.member_id = :member_id and r.referral_id = :referral_id;

-- name: first_order
-- A person's first sale of these days that stands and is worth so much after returns; a complete one before one that is
-- on its way. With it since when it is complete.
with family as (
  select :member_id::bigint as member_id
  union all
  select a.member_id from member a where a.survivor_id = :member_id
), homes as (
  select f.member_id from family f
  union
  select g.survivor_id from family f join member_merge g on g.member_id = f.member_id
  union
  select h.household_id from family f join household_member h on h.member_id = f.member_id and h.joined_at is not null
), sales as (
  select p.* from homes h join purchase p on p.member_id = h.member_id
   where coalesce(p.claimed_by, p.member_as_presented) in (select f.member_id from family f)
  union all
  select p.* from family f join purchase_claim c on c.member_id = f.member_id
    join purchase p on p.member_id = c.anchor and p.purchase_id = c.purchase_id
)
select s.purchase_id, s.status, coalesce((s.progress::json ->> 'completed_on')::date, s.business_date) as complete_on
  from sales s
 where s.status in ('completed', 'placed') and s.business_date between :since and :until and coalesce(s.progress, '') not like '%"full":true%'
   and s.total - coalesce((select sum(r.refund) from purchase_return r
                            where r.purchase_id = s.purchase_id
                              and r.member_id in (select h.member_id from homes h union select s.member_id)), 0) >= :amount_min
 order by s.status, s.business_date, s.occurred_at limit 1;

-- name: due_referrals
-- Referrals that are pending, after a place in their order, whose friend has bought or whose time is over.
select r.member_id, r.referral_id, r.referrer_id,
       r.until < :today::date or exists (
         select from member f
          where f.member_id = r.member_id
            and (f.status in ('merged', 'withdrawn') or f.pool_id is not null
                 or exists (select from purchase p where p.member_id = f.member_id and p.status = 'completed')
                 or exists (select from member a where a.survivor_id = f.member_id)
                 or exists (select from purchase_claim c where c.member_id = f.member_id))) as due
  from referral r
 where r.state = 'pending' and (r.member_id, r.referral_id) > (:after_member, :after_id)
 order by r.member_id, r.referral_id limit :piece;
