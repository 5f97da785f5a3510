-- name: of_members
-- What was put onto the stamp cards of these members, and taken off them. Read-only.
select s.campaign, s.purchase_id, s.day, s.stamps, s.size, s.until, s.filled, s.undone
  from stamp s where s.member_id = any(:members::bigint[]) order by s.at, s.act_id, s.campaign;

-- name: taken
-- Discounts and gifts of a campaign that stand: sales, yen, gifts, and sales that had it although it was not to be had.
-- Read-only.
select count(*) filter (where o.what = 'use') - count(*) filter (where o.what = 'back') as uses,
       coalesce(sum(o.amount), 0)::bigint as amount, coalesce(sum(o.gifts), 0)::bigint as gifts,
       count(*) filter (where o.what = 'over') - count(*) filter (where o.what = 'over_back') as over
  from offer_use o where o.campaign = :campaign;

-- name: counted
-- The stamps of a campaign that stand, the cards that are full, and how many members hold any. Read-only.
select coalesce(sum(m.stamps), 0)::bigint as stamps, coalesce(sum(m.cards), 0)::bigint as cards,
       count(*) filter (where m.stamps > 0) as holders
  from (select s.member_id, sum(s.stamps) as stamps, sum(cardinality(s.filled) - cardinality(s.undone)) as cards
          from stamp s where s.campaign = :campaign group by s.member_id) m;
