-- Coupons: what they are (kinds, with versions), the codes that stand for them, and every use.

create table coupon_kind (
  code text primary key,
  version bigint not null,                 -- the newest version
  stopped_at timestamptz,
  stopped_by text,
  changed_at timestamptz not null
);
comment on table coupon_kind is 'reference: kinds of coupons by code';

create table coupon_kind_version (
  code text not null constraint coupon_kind_version_kind references coupon_kind (code),
  version bigint not null,
  document json not null,
  counts_from timestamptz not null,        -- the public code follows the version that counted at the sale's moment
  made_by text not null,
  made_at timestamptz not null,
  primary key (code, version)
);
comment on table coupon_kind_version is 'reference: versions of kinds of coupons, never edited';

create table coupon_batch (
  kind text not null constraint coupon_batch_kind references coupon_kind (code),
  batch text not null,                     -- the name that whoever asked gave it: asked twice, issued once
  version bigint not null,
  digest bigint not null,                  -- of what was asked for
  wanted bigint not null,
  made bigint not null,
  made_by text not null,
  made_at timestamptz not null,
  primary key (kind, batch)
);
comment on table coupon_batch is 'reference: codes that were made together';

-- A public code has no version of its own; an issued one keeps the version it was issued under.
create table coupon (
  code_hash bigint not null,
  code text not null,
  kind text not null,
  version bigint,
  batch text,
  member_id bigint,                        -- who alone may use it; null: whoever has the code
  usable_from timestamptz,
  usable_until timestamptz,                -- the first instant at which it is over
  issued_at timestamptz not null,
  act_id bigint,                           -- the sale that it was issued for
  void_at timestamptz,
  primary key (code_hash, code)
);
create index coupon_member on coupon (member_id) where member_id is not null;
create index coupon_kind_batch on coupon (kind, batch);
comment on table coupon is 'registry: codes of coupons, by the hash of the code';

-- The ledger of uses: what limit accounts count and answers show follows from it.
create table coupon_use (
  member_id bigint not null,               -- where the sale stands; below zero a guest's
  act_id bigint not null,
  code text not null,
  code_hash bigint not null,
  what text not null constraint coupon_use_what_check check (what in ('use', 'back', 'over', 'over_back')),
  kind text not null,
  version bigint not null,
  purchase_id text not null,
  presented_id bigint not null,            -- whose card was shown
  shop_id bigint not null,
  amount bigint not null,                  -- yen taken off, below zero when it goes back
  at timestamptz not null,
  primary key (member_id, act_id, code, what)
);
create index coupon_use_code on coupon_use (code_hash, code);
create index coupon_use_kind on coupon_use (kind, what);
comment on table coupon_use is
  'member append-only: coupons used (over: offline, although they were not usable) and given back';
