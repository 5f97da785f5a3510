-- The ledger, from the first day in the shape that keeps the door to Citus open (ARCHITECTURE.md).
--
-- Every table says in its comment what it is; tests/architecture/test_catalogue.py reads these words:
--   reference  small, the same everywhere (shops, programme versions, keys)
--   member     a member's rows: member_id (or anchor) stands in the primary key and in every unique key
--   registry   found by a 64-bit hash that the writer fills; names unique over all members
--   feed       written by the relay alone, in one numbered line
--   jobs       bookkeeping of the machine itself
-- Rights follow these words: after each run the migrations give the application's role (goen_app) insert and select
-- on append-only tables, select, insert, update and delete on the others (and delete on act_key, whose idempotency keys age out).

create table installation (
  installation_id smallint primary key default 1 check (installation_id = 1),
  currency text not null,
  timezone text not null,
  closed_through date,                     -- the last day of the last closed period; entries book after it
  created_at timestamptz not null default now()
);
comment on table installation is 'reference: one row, what was chosen when the database was made';

-- Shops, programme, keys ------------------------------------------------------------------------

create sequence shop_id_seq;
create table shop (
  shop_id bigint primary key default nextval('shop_id_seq'),
  code text not null constraint shop_code_key unique,
  name text not null,
  kind text not null constraint shop_kind_check check (kind in ('store', 'ec')),
  linking_secret text,                     -- signs the web shop's member tokens (HS256)
  created_at timestamptz not null default now(),
  closed_at timestamptz
);
comment on table shop is 'reference: stores and web shops';

create table programme_version (
  version bigint primary key,
  starts_at timestamptz not null,
  document json not null,
  made_by text not null,
  made_at timestamptz not null default now()
);
comment on table programme_version is 'reference: versions of the programme, never edited';

create sequence api_key_id_seq;
create table api_key (
  key_id bigint primary key default nextval('api_key_id_seq'),
  integration text not null,               -- the name; a rotated key keeps it, and with it its idempotency keys
  role text not null constraint api_key_role_check check (role in ('pos', 'ec', 'server', 'readonly')),
  shop_id bigint constraint api_key_shop_fkey references shop (shop_id),
  device text,
  secret_hash bytea not null constraint api_key_secret_key unique,
  created_at timestamptz not null default now(),
  last_used_on date,
  revoked_at timestamptz
);
comment on table api_key is 'reference: API keys; the secret itself is shown once and kept nowhere';

-- Members ---------------------------------------------------------------------------------------

create sequence member_id_seq;
create table member (
  member_id bigint primary key default nextval('member_id_seq'),
  number text not null,                    -- scannable member number with check digit; unique by its registry row
  status text not null default 'active'
    constraint member_status_check check (status in ('active', 'frozen', 'withdrawn', 'merged')),
  survivor_id bigint,                      -- where a merged member's points went
  tier text,
  name text, kana text, birth_date date, gender text, postal_code text, address text,
  pin_hash text,                           -- argon2; the member's PIN as a proof for spending
  language text,
  grams text[] not null default '{}',      -- normalised bigrams of name, kana and number, for search without extensions
  kana_order text,                         -- normalised kana, for sorting
  shop_id bigint constraint member_shop_fkey references shop (shop_id),
  joined_at timestamptz not null,
  changed_at timestamptz not null,
  withdrawn_at timestamptz,
  erased_at timestamptz,
  version bigint not null default 1
) with (fillfactor = 85);
create index member_grams on member using gin (grams);
comment on table member is 'member: who; personal data lives here and in member_identifier alone';

create sequence identifier_id_seq;
create table member_identifier (
  member_id bigint not null,
  identifier_id bigint not null default nextval('identifier_id_seq'),
  kind text not null constraint member_identifier_kind_check
    check (kind in ('card', 'phone', 'email', 'line', 'ec')),
  shop_id bigint constraint member_identifier_shop_fkey references shop (shop_id),
  value text not null,                     -- as given
  normal text not null,                    -- normalised, what is compared
  verified_at timestamptz,
  added_at timestamptz not null,
  removed_at timestamptz,
  primary key (member_id, identifier_id)
);
comment on table member_identifier is 'member: the names a member is known by';

-- exclusive rows (card, line, ec; a verified phone or mail) are unique among active members.
create table identifier_key (
  key_hash bigint not null,
  kind text not null,
  shop_id bigint not null default 0,
  normal text not null,
  member_id bigint not null,
  identifier_id bigint not null,
  verified boolean not null default false,
  exclusive boolean not null,
  primary key (key_hash, member_id, identifier_id)
);
create unique index identifier_key_exclusive on identifier_key (key_hash, kind, shop_id, normal) where exclusive;
comment on table identifier_key is 'registry: identifier -> member; several members may share a phone or a mail';

-- Accounts, entries, lots -----------------------------------------------------------------------

-- booked = sum of entries on the account "points" = sum of remaining of open lots (debt included).
-- version guards every change: the till writes only over the version it has read.
create table member_account (
  member_id bigint primary key,
  booked bigint not null default 0,
  pending bigint not null default 0 constraint member_account_pending_check check (pending >= 0),
  held bigint not null default 0 constraint member_account_held_check check (held >= 0),
  debt bigint not null default 0 constraint member_account_debt_check check (debt >= 0),
  seq bigint not null default 0,           -- last number given to an entry, lot, hold or purchase of this member
  version bigint not null default 0,
  active_on date                           -- last activity, for sliding expiry (rule 12 d)
) with (fillfactor = 60);
create index member_account_owing on member_account (member_id) where debt > 0;  -- the daily list of rule 28
comment on table member_account is 'member: running balances; a cache of entries and lots that verify proves';

-- A movement is one row from an account to an account, never edited.
-- Accounts: points, pending (the member's); issued, redeemed, expired, adjusted, transit (the programme's).
create table entry (
  member_id bigint not null,
  booked_on date not null,
  seq bigint not null,
  act_id bigint not null,
  kind text not null,
  source text not null,
  target text not null,
  points bigint not null constraint entry_points_check check (points > 0),
  balance_after bigint not null,           -- of the member's account that moved
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  business_date date not null,
  shop_id bigint,
  purchase_id text,
  identifier_id bigint,
  member_as_presented bigint not null,
  reason text,
  constraint entry_sides_check check (source <> target and ((source in ('points', 'pending')) or (target in ('points', 'pending')))),
  primary key (member_id, booked_on, seq)
) partition by range (booked_on);
create table entry_default partition of entry default;
comment on table entry is 'member append-only: the journal of points';
comment on table entry_default is 'member append-only: entries outside the months made ahead';

create table lot (
  member_id bigint not null,
  lot_id bigint not null,                  -- the member's own numbers, shared with entries
  kind text not null constraint lot_kind_check check (kind in ('regular', 'limited', 'debt')),
  granted_on date not null,
  grant_year smallint not null,            -- fiscal year of the grant (rules 50, 62)
  expires_on date,                         -- valid through 23:59:59 of this date (rule 14); null: never
  points bigint not null,                  -- as granted; a debt lot is granted 0 and drawn below zero
  remaining bigint not null,
  held bigint not null default 0,
  expired bigint not null default 0,       -- of the points granted, what was booked out as expired
  open boolean not null,                   -- remaining <> 0, apart so that partial use stays a HOT update
  act_id bigint not null,
  purchase_id text,
  programme_version bigint not null,
  rule text,
  funder text,
  origin_member_id bigint,
  origin_lot_id bigint,
  constraint lot_held_check check (held >= 0 and (held = 0 or held <= remaining)),
  constraint lot_sign_check check ((kind = 'debt' and remaining <= 0) or (kind <> 'debt' and remaining >= 0)),
  constraint lot_open_check check (open = (remaining <> 0)),
  primary key (member_id, lot_id)
) with (fillfactor = 80);
create index lot_open on lot (member_id, kind, expires_on, lot_id) where open;  -- debts, then the order of spending (rule 13)
-- For the sweep alone. An expression in both places, so that no question about one member is ever answered through it:
-- a plan made while the table was empty would read all that is due for each member.
create index lot_due on lot ((case when open and kind <> 'debt' then expires_on end))
 where (case when open and kind <> 'debt' then expires_on end) is not null;
comment on table lot is 'member: what each earned point belongs to';

-- remaining = points + sum of moves.
create table lot_move (
  member_id bigint not null,
  seq bigint not null,                     -- of the entry, or a number of its own where no entry moves (a debt filled on release)
  lot_id bigint not null,
  points bigint not null constraint lot_move_points_check check (points <> 0),
  act_id bigint not null,
  recorded_at timestamptz not null,
  primary key (member_id, seq, lot_id)
);
comment on table lot_move is 'member append-only: what each movement took from or gave to which lot';

-- Sliding expiry (rule 12 d) and programme holidays (rule 17) move dates; each move is kept.
create table lot_extension (
  member_id bigint not null,
  lot_id bigint not null,
  act_id bigint not null,
  from_date date,
  to_date date,
  recorded_at timestamptz not null,
  primary key (member_id, lot_id, act_id)
);
comment on table lot_extension is 'member append-only: every change of a lot''s expiry date';

create table hold (
  member_id bigint not null,
  hold_id text not null,
  shop_id bigint not null,
  purchase_id text,                        -- set for the points held by a placed order
  reference text,
  points bigint not null constraint hold_points_check check (points > 0),
  captured bigint not null default 0,
  status text not null constraint hold_status_check check (status in ('open', 'captured', 'released', 'expired')),
  draws json not null,                     -- [[lot_id, points], ...] in the order they were drawn
  created_at timestamptz not null,
  expires_at timestamptz,                  -- null: until the order is completed or cancelled
  ended_at timestamptz,
  act_id bigint not null,
  identifier_id bigint,
  member_as_presented bigint not null,
  primary key (member_id, hold_id)
);
create index hold_due on hold (expires_at) where status = 'open';
create index hold_open on hold (member_id) where status = 'open';
comment on table hold is 'member: points set aside for a checkout or an order';

-- Sales -----------------------------------------------------------------------------------------

-- A guest sale stands under a stand-in number below zero, made from its receipt; a claim adds a row.
create table purchase (
  member_id bigint not null,
  purchase_id text not null,
  shop_id bigint not null,
  external_id text not null,
  status text not null constraint purchase_status_check check (status in ('completed', 'placed', 'cancelled')),
  occurred_at timestamptz not null,
  business_date date not null,
  recorded_at timestamptz not null,
  booked_on date not null,
  act_id bigint not null,
  programme_version bigint not null,
  total bigint not null,
  payable bigint not null,
  document text not null,                  -- JSON: as sent (text, because the till made it: to check it again costs more than an index)
  decision text not null,                  -- JSON: awards, reasons, pinned facts, what each line bore
  progress text,                           -- JSON: what was done since: returns, shipments, draws and refills
  claimed_by bigint,
  confirms_on date,                        -- provisional points confirm at 00:00 of this day (rule 9)
  identifier_id bigint,
  member_as_presented bigint not null,
  version bigint not null default 1,
  primary key (member_id, purchase_id)
) with (fillfactor = 90, toast_tuple_target = 8160);
alter table purchase alter column document set storage external;
alter table purchase alter column decision set storage external;
create index purchase_confirms on purchase (confirms_on) where confirms_on is not null;
comment on table purchase is 'member: a sale or order and what it did';

create table purchase_claim (
  member_id bigint not null,
  purchase_id text not null,
  anchor bigint not null,                  -- the stand-in the sale stands under
  act_id bigint not null,
  claimed_at timestamptz not null,
  primary key (member_id, purchase_id)
);
comment on table purchase_claim is 'member append-only: a guest sale attached afterwards (rules 11, 39)';

create table purchase_return (
  member_id bigint not null,
  return_id text not null,
  purchase_id text,                        -- null: unlinked (rule 24)
  shop_id bigint not null,
  external_id text not null,
  occurred_at timestamptz not null,
  business_date date not null,
  recorded_at timestamptz not null,
  booked_on date not null,
  act_id bigint not null,
  refund bigint not null,
  earned_reversed bigint not null,
  pending_reversed bigint not null,
  used_restored bigint not null,
  expired_lost bigint not null,
  shortage bigint not null,
  document json not null,
  identifier_id bigint,
  member_as_presented bigint not null,
  primary key (member_id, return_id)
);
create index purchase_return_of on purchase_return (member_id, purchase_id);
comment on table purchase_return is 'member append-only: documents of returned goods';

-- Acts, their keys, limits ----------------------------------------------------------------------

create sequence act_id_seq increment by 1000;   -- a till takes a thousand at a time

create table act (
  member_id bigint not null,
  act_id bigint not null,
  kind text not null,
  recorded_at timestamptz not null,
  integration text not null,               -- the key's name, or job:<name>
  author text,                             -- staff at the till, or the person behind a manual change
  request json,                            -- canonical, ids resolved; null where the purchase document is the request
  status smallint not null,
  answer text not null,                    -- JSON as it was answered, byte for byte
  primary key (act_id, member_id)          -- act ids grow: the one index of the hot path that is not random
) with (toast_tuple_target = 8160);
alter table act alter column request set storage external;
alter table act alter column answer set storage external;
comment on table act is 'member append-only: every act that moved points, who asked, what was answered';

create table act_key (
  key_hash bigint not null,
  key_check bigint not null,               -- the other half of a 128-bit hash of (scope, kind, key)
  digest bigint not null,                  -- of the request, a short cut: a difference is decided on the stored request
  member_id bigint not null,
  act_id bigint not null,
  subject text,                            -- the purchase, return or hold that the act made
  keep_until date,                         -- null: for ever
  primary key (key_hash, key_check)
);
create index act_key_old on act_key (keep_until) where keep_until is not null;
comment on table act_key is 'registry append-only: business keys and idempotency keys, asked twice, done once';

-- A limit is an account: (anchor, code, period). anchor is the member, or a stand-in for limits over all.
create table limit_account (
  anchor bigint not null,
  code text not null,
  period text not null,
  drawn bigint not null constraint limit_account_drawn_check check (drawn >= 0),
  primary key (anchor, code, period)
) with (fillfactor = 70);
comment on table limit_account is 'member: budgets, stock, caps and firsts, drawn in the same commit';

create table limit_draw (
  anchor bigint not null,
  code text not null,
  period text not null,
  act_id bigint not null,
  amount bigint not null,
  primary key (anchor, code, period, act_id)
);
comment on table limit_draw is 'member append-only: draws on limits; given back by a negative draw';

-- Audit, outbox, feed ---------------------------------------------------------------------------

create sequence audit_id_seq;
create table audit (
  anchor bigint not null,                  -- the member concerned, or 0
  audit_id bigint not null default nextval('audit_id_seq'),
  at timestamptz not null default now(),
  author text not null,
  action text not null,
  reason text,
  note text,
  details json not null,
  primary key (anchor, audit_id)
);
comment on table audit is 'member append-only: manual changes and administration: who, what, why';

create table outbox (
  member_id bigint not null,
  outbox_id bigint not null,               -- act_id * 8 + number within the act
  topic text not null,
  shop_id bigint,
  recorded_at timestamptz not null,
  body text not null,                      -- JSON, passed on as it stands
  primary key (member_id, outbox_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);
create index outbox_order on outbox (recorded_at, outbox_id);
comment on table outbox is 'member: events committed with their act, not yet numbered';

create table feed_head (
  feed_id smallint primary key default 1 check (feed_id = 1),
  position bigint not null default 0
) with (fillfactor = 10);
insert into feed_head (feed_id) values (1);
comment on table feed_head is 'feed: the last position given; its row lock makes one writer at a time';

create table feed (
  position bigint primary key,
  topic text not null,
  member_id bigint not null,
  shop_id bigint,
  recorded_at timestamptz not null,
  body text not null                       -- JSON, as committed
);
comment on table feed is 'feed: events in one numbered line; listeners resume from a position';
