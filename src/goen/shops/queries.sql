-- name: shops
-- Every shop; the directory holds them in memory.
select shop_id, code, name, kind, linking_secret, closed_at, region from shop;

-- name: put_shop^
-- Make or change a shop; made says which. A secret that is not given stays as it is.
insert into shop as s (code, name, kind, linking_secret, region)
values (:code, :name, :kind, :linking_secret, :region)
    on conflict (code) do update
       set name = excluded.name, kind = excluded.kind, region = coalesce(excluded.region, s.region),
           linking_secret = coalesce(:replacing_secret, s.linking_secret, excluded.linking_secret),
           closed_at = case when :closed then coalesce(s.closed_at, :now) end
returning shop_id, code, name, kind, linking_secret, closed_at, region, (xmax = 0) as made;

-- name: living_keys
-- Keys that are not revoked, with their shop's code.
select k.secret_hash, k.key_id, k.integration, k.role, k.shop_id, s.code as shop, k.device
  from api_key k left join shop s using (shop_id)
 where k.revoked_at is null;

-- name: living_key^
-- One of them, by its hash.
select k.key_id, k.integration, k.role, k.shop_id, s.code as shop, k.device
  from api_key k left join shop s using (shop_id)
 where k.secret_hash = :secret_hash and k.revoked_at is null;

-- name: all_keys
-- Every key ever made, living ones first, newest first.
select k.key_id, k.integration, k.role, s.code as shop, k.device, k.created_at, k.last_used_on, k.revoked_at
  from api_key k left join shop s using (shop_id)
 order by k.revoked_at is not null, k.key_id desc;

-- name: add_key$
-- Keep a new key's hash.
insert into api_key (integration, role, shop_id, device, secret_hash)
values (:integration, :role, :shop_id, :device, :secret_hash)
returning key_id;

-- name: binding_of^
-- Role and shop of the newest key of this name, living or not.
select role, shop_id from api_key where integration = :integration order by key_id desc limit 1;

-- name: revoke_keys
-- Revoke the living keys of this number, or all of this name.
update api_key set revoked_at = :now
 where revoked_at is null and (key_id = :key_id or integration = :integration)
returning key_id, integration;

-- name: note_use!
-- Remember the day on which these keys were last used.
update api_key set last_used_on = :day
 where key_id = any(:key_ids) and last_used_on is distinct from :day;

-- name: programmes_after
-- Versions of the programme above this number, oldest first.
select version, starts_at, document, made_by, made_at from programme_version
 where version > :version order by version;

-- name: lock_programmes$
-- One writer of versions at a time, until the end of the transaction.
select pg_advisory_xact_lock(4736111202);

-- name: last_programme$
-- The highest version, or 0.
select coalesce(max(version), 0) from programme_version;

-- name: add_programme!
-- Keep one more version; an existing one is never touched.
insert into programme_version (version, starts_at, document, made_by)
values (:version, :starts_at, :document, :made_by)
    on conflict (version) do nothing;

-- name: put_product$
-- Make or change a product; true where it was made.
insert into product (sku, name, price, cost, category, tax_rate, points, brand, maker, tags, clearance, changed_at)
values (:sku, :name, :price, :cost, :category, :tax_rate, :points, :brand, :maker, :tags, :clearance, :now)
    on conflict (sku) do update
       set name = excluded.name, price = excluded.price, cost = excluded.cost, category = excluded.category,
           tax_rate = excluded.tax_rate, points = excluded.points,
           brand = excluded.brand, maker = excluded.maker, tags = excluded.tags, clearance = excluded.clearance,
           changed_at = excluded.changed_at
returning xmax = 0;

-- name: product^
-- One product.
select name, price, cost, category, tax_rate, points, brand, maker, tags, clearance from product where sku = :sku;

-- name: excluded_products
-- Products that earn nothing.
select sku from product where not points;

-- name: put_stock$
-- Set what a shop has of a product; true where it was not counted before.
insert into stock (shop_id, sku, quantity, counted_at)
values (:shop_id, :sku, :quantity, :counted_at)
    on conflict (shop_id, sku) do update set quantity = excluded.quantity, counted_at = excluded.counted_at
 where stock.counted_at <= excluded.counted_at
returning xmax = 0;

-- name: stock^
-- What a shop has of a product, and since when that is known.
select quantity, counted_at from stock where shop_id = :shop_id and sku = :sku;

-- name: add_happening$
-- Keep one event of behaviour.
insert into behaviour (anchor, kind, occurred_at, recorded_at, shop_id, sku, properties)
values (:anchor, :kind, :occurred_at, :recorded_at, :shop_id, :sku, :properties)
returning event_id;

-- name: audit!
-- Who changed what of shops, keys, products or the programme.
insert into audit (anchor, at, author, action, details) values (0, :at, :author, :action, :details);
