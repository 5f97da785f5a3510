-- name: has_pin$
-- Whether the member has set a PIN. Read-only.
select pin_hash is not null from member where member_id = :member_id;

-- name: merged_in
-- The members merged into this one. Read-only.
select member_id, number, joined_at, name, kana, birth_date, gender, postal_code, address, language
  from member where member_id = any(:member_ids) and member_id <> :member_id
 order by member_id;

-- name: households_of
-- The households that these members are or were of: their sales from then stand there. Read-only.
select distinct household_id from household_member where member_id = any(:member_ids) and joined_at is not null;

-- name: all_identifiers
-- Every name the member has or had, and those merged into it. Read-only.
select i.identifier_id, i.kind, i.value, i.normal, s.code as shop, i.verified_at, i.added_at, i.removed_at
  from member_identifier i
  left join shop s on s.shop_id = i.shop_id
 where i.member_id = any(:member_ids)
 order by i.identifier_id;

-- name: all_consents
-- Everything ever said, oldest first, with the words that were shown where they are registered. Read-only.
select c.kind, c.given, c.wording, c.source, coalesce(c.given_at, c.recorded_at) as given_at, c.recorded_at,
       c.recorded_by,
       (select string_agg(w.language || ': ' || w.words, chr(10) order by w.language desc) from consent_wording w
         where w.kind = c.kind and w.version = c.wording) as words
  from member_consent c where c.member_id = any(:member_ids)
 order by c.consent_id;

-- name: all_terms
-- Terms of membership that were accepted, oldest first. Read-only.
select m.version, coalesce(t.document -> 'title' ->> 'ja', t.document -> 'title' ->> 'en') as title, m.accepted_at,
       m.channel, s.code as shop, m.recorded_by
  from member_terms m join terms t on t.version = m.version left join shop s on s.shop_id = m.shop_id
 where m.member_id = any(:member_ids) order by m.accepted_at, m.version, m.member_id;

-- name: account^
-- What the account holds. Read-only.
select booked, pending, held, debt from member_account where member_id = :member_id;

-- name: all_entries
-- Every movement of points, oldest first. Read-only.
select e.kind, case when e.target in ('points', 'pending') then e.points else -e.points end as points, e.balance_after,
       e.source = 'pending' or e.target = 'pending' as provisional, e.occurred_at, e.recorded_at, e.booked_on,
       s.code as shop, e.purchase_id, e.reason
  from entry e left join shop s on s.shop_id = e.shop_id
 where e.member_id = any(:homes::bigint[]) and e.member_as_presented = any(:member_ids)
 order by e.recorded_at, e.member_id, e.seq;

-- name: all_lots
-- Every lot, spent ones too, by grant. Read-only.
select o.kind, o.points, o.remaining, o.expired, o.granted_on, o.expires_on, o.grant_year, o.purchase_id, o.rule
  from lot o where o.member_id = any(:member_ids) order by o.granted_on, o.member_id, o.lot_id;

-- name: all_holds
-- Points ever set aside. Read-only.
select h.hold_id as id, h.status, s.code as shop, h.reference, h.points, h.captured, h.created_at, h.expires_at, h.ended_at
  from hold h left join shop s on s.shop_id = h.shop_id
 where h.member_id = any(:homes::bigint[]) and h.member_as_presented = any(:member_ids) and h.status <> 'moved'
 order by h.created_at, h.hold_id;

-- name: all_purchases
-- Sales and orders, claimed ones too, as they were sent. Read-only.
select p.purchase_id as id, s.code as shop, p.external_id, p.status, p.occurred_at, p.recorded_at, p.total, p.payable,
       p.document
  from (select * from purchase where member_id = any(:homes::bigint[]) and member_as_presented = any(:member_ids)
        union all
        select p.* from purchase_claim c join purchase p on p.member_id = c.anchor and p.purchase_id = c.purchase_id
         where c.member_id = any(:member_ids)) p
  left join shop s on s.shop_id = p.shop_id
 order by p.occurred_at, p.purchase_id;

-- name: all_returns
-- Goods that came back, as they were sent. Read-only.
select r.return_id as id, s.code as shop, r.external_id, r.purchase_id, r.occurred_at, r.refund, r.document::text as document
  from purchase_return r left join shop s on s.shop_id = r.shop_id
 where r.member_id = any(:homes::bigint[]) and r.member_as_presented = any(:member_ids)
 order by r.occurred_at, r.return_id;

-- name: all_coupons
-- Coupons that were issued to the member, whatever became of them. Read-only.
select c.code, c.kind, c.issued_at, c.usable_from, c.usable_until, c.void_at as voided_at
  from coupon c where c.member_id = any(:member_ids) order by c.issued_at, c.code;

-- name: all_coupon_uses
-- Coupons used and given back, with claimed sales too. Read-only.
select u.code, u.kind, u.what, u.at, s.code as shop, u.purchase_id, u.amount
  from (select * from coupon_use where member_id = any(:homes::bigint[]) and presented_id = any(:member_ids)
        union
        select x.* from purchase_claim c join coupon_use x on x.member_id = c.anchor and x.purchase_id = c.purchase_id
         where c.member_id = any(:member_ids)) u
  left join shop s on s.shop_id = u.shop_id
 order by u.at, u.act_id, u.code, u.what;

-- name: all_stamps
-- Stamps put onto the member's cards and taken off them, and the cards that they filled. Read-only.
select t.campaign, t.at, t.stamps, cardinality(t.filled) - cardinality(t.undone) as cards, t.until, t.purchase_id
  from stamp t where t.member_id = any(:member_ids) order by t.at, t.act_id, t.campaign;

-- name: all_offers
-- Discounts and gifts of campaigns taken and given back, with claimed sales too. Read-only.
select o.campaign, o.what, o.at, s.code as shop, o.purchase_id, o.amount, o.gifts
  from (select x.* from offer_use x join purchase p on p.member_id = x.member_id and p.purchase_id = x.purchase_id
         where x.member_id = any(:homes::bigint[]) and p.member_as_presented = any(:member_ids)
        union
        select x.* from purchase_claim c join offer_use x on x.member_id = c.anchor and x.purchase_id = c.purchase_id
         where c.member_id = any(:member_ids)) o
  left join shop s on s.shop_id = o.shop_id
 order by o.at, o.act_id, o.campaign, o.what;

-- name: all_rewards
-- Rewards taken for points. Read-only.
select o.order_id as id, o.reward, o.status, o.points, o.money, o.coupon, c.value as gift_code, o.ordered_at, s.code as shop,
       o.tracking, coalesce(o.address::text, 'null') as address
  from reward_order o
  left join reward_code c on c.reward = o.reward and c.number = o.code_number
  left join shop s on s.shop_id = o.shop_id
 where o.member_id = any(:member_ids)
 order by o.ordered_at, o.order_id;

-- name: all_visits
-- Check-ins in shops. Read-only.
select v.visit_id as id, v.at, s.code as shop, v.by from visit v join shop s on s.shop_id = v.shop_id
 where v.member_id = any(:member_ids) order by v.at, v.visit_id;

-- name: all_referrals
-- Who referred the member, as far as that is about the member, and whom the member referred: never the other one. Read-only.
select r.referral_id as id, case when r.member_id = any(:member_ids) then 'friend' else 'referrer' end as side,
       r.rule, r.state, r.reason, r.entered_at
  from referral r where r.member_id = any(:member_ids) or r.referrer_id = any(:member_ids)
 order by r.entered_at, r.referral_id;

-- name: all_draw_entries
-- Entries in draws and what they won. Read-only.
select e.entry_id as id, e.draw, e.tickets, e.points, e.entered_at,
       array(select w.prize from prize_win w where w.member_id = e.member_id and w.entry_id = e.entry_id
              order by w.ticket) as won
  from prize_entry e where e.member_id = any(:member_ids) order by e.entered_at, e.entry_id;

-- name: all_events
-- Looked at, put into the cart, visited. Read-only.
select b.kind, b.occurred_at, s.code as shop, b.sku, b.properties::text as properties
  from behaviour b left join shop s on s.shop_id = b.shop_id
 where b.anchor = any(:member_ids) order by b.occurred_at, b.event_id;

-- name: notes
-- What was written down about the member and those merged into it, oldest first. Read-only.
select at, author, action, reason, note, details::text as details
  from audit where anchor = any(:member_ids) order by audit_id;

-- name: accesses
-- Who read the member's personal data, newest first, after a place in that order. Read-only.
select access_id, at, reader, what, request_id from personal_access
 where member_id = any(:member_ids) and access_id < :before order by access_id desc limit :limit;
