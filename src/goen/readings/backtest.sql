-- name: keys
-- Members' sales (and guests', where asked) of these days that were not cancelled, in the order of recording: their keys alone, which sort in memory.
select p.member_id, p.purchase_id from purchase p
 where p.business_date between :first and :last and p.status <> 'cancelled'
   and (p.member_id > 0 or p.claimed_by is not null or :guests::boolean)
 order by p.recorded_at, p.act_id;

-- name: count$
-- How many they are.
select count(*) from purchase p
 where p.business_date between :first and :last and p.status <> 'cancelled'
   and (p.member_id > 0 or p.claimed_by is not null or :guests::boolean);

-- name: sales
-- These sales in this order: whose they are by now (0: a guest's), where and when, what was sold, decided and done since.
select coalesce(m.survivor_id, m.member_id, 0) as person, p.shop_id, p.occurred_at, p.business_date, p.document, p.decision,
       p.progress, p.status = 'completed' as completed
  from unnest(:members::bigint[], :ids::text[]) with ordinality as i (member_id, purchase_id, n)
  join purchase p on p.member_id = i.member_id and p.purchase_id = i.purchase_id
  left join member m on m.member_id = coalesce(p.claimed_by, p.member_as_presented)
 order by i.n;

-- name: earlier
-- How often people had bought before a day, in all and in web shops, and when last.
select coalesce(m.survivor_id, m.member_id) as person, count(*) as purchases, count(*) filter (where s.kind = 'ec') as web,
       max(p.business_date) as last_on
  from purchase p
  join member m on m.member_id = coalesce(p.claimed_by, p.member_as_presented)
  join shop s on s.shop_id = p.shop_id
 where p.business_date < :first and p.status <> 'cancelled' and (p.member_id > 0 or p.claimed_by is not null)
 group by 1;

-- name: everybodys_traits
-- Birth month and segments of all people who have either.
select m.member_id, extract(month from m.birth_date)::int as birth_month,
       array(select g.segment from member_segment g where g.member_id = m.member_id
             union
             select g.segment from member a join member_segment g on g.member_id = a.member_id
              where a.survivor_id = m.member_id order by 1) as segments
  from member m where m.survivor_id is null and m.status in ('active', 'frozen', 'provisional');

-- name: all_articles
-- Products as campaigns look at them.
select p.sku, p.category, p.brand, p.maker, p.tags, p.clearance from product p;

-- name: span
-- The first and the last day of the books' sales.
select min(p.business_date) as first, max(p.business_date) as last from purchase p;

-- name: kinds_over
-- The newest version of every kind of coupon, and when it was stopped.
select k.code, k.stopped_at, v.document::text as document
  from coupon_kind k join coupon_kind_version v on v.code = k.code and v.version = k.version;

-- name: points_counted
-- What these people have earned on these days as tiers count it, members merged into them included.
select i.member_id, coalesce(sum(k.points), 0)::bigint as points
  from unnest(:members::bigint[]) as i (member_id)
  left join member f on f.member_id = i.member_id or f.survivor_id = i.member_id
  left join tier_measure k on k.member_id = f.member_id and k.day >= :since and k.day <= :last
 group by i.member_id;
