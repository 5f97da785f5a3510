-- Products, what shops have of them, and what people do apart from buying.

create table product (
  sku text primary key,
  name text not null,
  price bigint constraint product_price_check check (price >= 0),   -- minor units, tax included
  cost bigint constraint product_cost_check check (cost >= 0),      -- minor units
  category text,
  tax_rate smallint,                                                -- percent
  points boolean not null default true,                             -- whether it earns (rule 3)
  changed_at timestamptz not null
);
comment on table product is 'reference: the catalogue, as far as earning and figures need it';

create table stock (
  shop_id bigint not null constraint stock_shop_fkey references shop (shop_id),
  sku text not null,
  quantity numeric(15, 3) not null,
  counted_at timestamptz not null,
  primary key (shop_id, sku)
) with (fillfactor = 80);
comment on table stock is 'reference: what each shop has, as last told';

create sequence event_id_seq;
create table behaviour (
  anchor bigint not null,                  -- the member, or a stand-in below zero made from the visitor's mark
  event_id bigint not null default nextval('event_id_seq'),
  kind text not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  shop_id bigint constraint behaviour_shop_fkey references shop (shop_id),
  sku text,
  properties json not null,
  primary key (anchor, event_id)
);
comment on table behaviour is 'member append-only: looked at, put into the cart, visited: acts that are no sale';
