-- name: choices
-- What forms of the office offer to choose from, so many of each. Segments are found one after the other by the index,
-- however many members are in them. Read-only.
with recursive groups (segment, n) as (
  (select segment, 1 from member_segment order by segment limit 1)
  union all
  (select (select s.segment from member_segment s where s.segment > g.segment order by s.segment limit 1), g.n + 1
     from groups g where g.segment is not null and g.n < :most))
(select 'skus' as what, sku as code, name from product order by sku limit :most)
union all (select 'categories', category, category from product where category is not null group by 2 order by 2 limit :most)
union all (select 'brands', brand, brand from product where brand is not null group by 2 order by 2 limit :most)
union all (select 'makers', maker, maker from product where maker is not null group by 2 order by 2 limit :most)
union all (select 'tags', tag, tag from product, unnest(tags) tag group by 2 order by 2 limit :most)
union all (select 'segments', segment, segment from groups where segment is not null)
union all (select 'coupons', code, code from coupon_kind order by code limit :most);
