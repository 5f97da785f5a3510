-- name: products
-- Products by SKU, with what these shops have of each, after a place in that order. ``wanted`` is part of a name, SKU,
-- category, brand or maker, in whatever letters. Read-only.
select p.sku, p.name, p.price, p.cost, p.category, p.tax_rate, p.points, p.brand, p.maker, p.tags, p.clearance, p.changed_at,
       coalesce(s.shops, '{}') as shops, coalesce(s.quantities, '{}') as quantities
  from product p
  left join lateral (
    select array_agg(k.shop_id order by k.shop_id) as shops, array_agg(k.quantity order by k.shop_id) as quantities
      from stock k
     where k.sku = p.sku and k.shop_id = any(:shops::bigint[])) s on true
 where p.sku > :after
   and (:wanted::text = ''
     or position(lower(:wanted) in lower(normalize(concat_ws(' ', p.sku, p.name, p.category, p.brand, p.maker), NFKC))) > 0)
   and case :which::text when 'no_points' then not p.points when 'clearance' then p.clearance else true end
 order by p.sku limit :limit;
