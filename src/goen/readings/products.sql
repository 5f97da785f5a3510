-- name: products
-- Products in an order, with what these shops have of each, after a place in it. ``wanted`` is part of a name, SKU,
-- category, brand or maker, in whatever letters. Read-only.
select p.sku, p.name, p.price, p.cost, p.category, p.tax_rate, p.points, p.brand, p.maker, p.tags, p.clearance, p.changed_at,
       coalesce(s.shops, '{}') as shops, coalesce(s.quantities, '{}') as quantities, k.key
  from product p
 cross join lateral (select case :order::text
    when 'name' then p.name
    when 'cheap' then to_char(coalesce(p.price, 999999999999), 'FM000000000000')
    when 'dear' then to_char(999999999999 - coalesce(p.price, 0), 'FM000000000000')
    when 'changed' then to_char(99999999999 - extract(epoch from p.changed_at)::bigint, 'FM00000000000')
    else '' end collate "C" as key) k
  left join lateral (
    select array_agg(t.shop_id order by t.shop_id) as shops, array_agg(t.quantity order by t.shop_id) as quantities
      from stock t
     where t.sku = p.sku and t.shop_id = any(:shops::bigint[])) s on true
 where (k.key, p.sku) > (:key::text, :after::text)
   and (:wanted::text = ''
     or position(lower(:wanted) in lower(normalize(concat_ws(' ', p.sku, p.name, p.category, p.brand, p.maker), NFKC))) > 0)
   and case :which::text when 'no_points' then not p.points when 'clearance' then p.clearance else true end
 order by k.key, p.sku limit :limit;

-- name: names
-- What these products are called. Read-only.
select sku, name from product where sku = any(:skus::text[]);
