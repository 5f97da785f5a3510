-- Surfaces: staff and their sessions, codes that enrol a terminal, and the figures that pages show at once.

create sequence staff_id_seq;
create table staff (
  staff_id bigint primary key default nextval('staff_id_seq'),
  login text not null constraint staff_login_key unique,      -- lower case
  name text not null,
  role text not null constraint staff_role_check
    check (role in ('owner', 'marketing', 'accounting', 'manager', 'clerk', 'auditor')),
  password_hash text,                      -- argon2id; null: works at terminals alone
  totp_secret text,                        -- base32; null until a second factor is set up
  totp_step bigint not null default 0,     -- the last time step that was used: a code serves once
  pin_hash text,                           -- argon2id; at a terminal
  failures smallint not null default 0,
  locked_until timestamptz,
  pin_failures smallint not null default 0,
  pin_locked_until timestamptz,
  made_at timestamptz not null,
  disabled_at timestamptz
);
comment on table staff is 'reference: who works here, and as what';

create table staff_shop (
  staff_id bigint not null constraint staff_shop_staff_fkey references staff (staff_id),
  shop_id bigint not null constraint staff_shop_shop_fkey references shop (shop_id),
  primary key (staff_id, shop_id)
);
comment on table staff_shop is 'reference: the shops a person is bound to; nobody''s rows: every shop';

create table staff_session (
  token_hash bytea primary key,            -- SHA-256; the token itself is in the browser''s cookie alone
  staff_id bigint not null constraint staff_session_staff_fkey references staff (staff_id),
  stage text not null constraint staff_session_stage_check check (stage in ('password', 'whole')),
  made_at timestamptz not null,
  seen_at timestamptz not null,
  ends_at timestamptz not null
);
create index staff_session_of on staff_session (staff_id);
comment on table staff_session is 'jobs: browsers in which somebody of the staff is signed in';

create table sign_in_quota (
  quota_hash bytea primary key,            -- of the door and the network address
  since timestamptz not null,              -- when the present window began
  asked bigint not null
) with (fillfactor = 70);
create index sign_in_quota_old on sign_in_quota (since);
comment on table sign_in_quota is 'jobs: how often somebody at an address tried to sign in lately, whichever process was asked';

create table terminal_code (
  code_hash bytea primary key,
  shop_id bigint not null constraint terminal_code_shop_fkey references shop (shop_id),
  device text not null,
  made_by text not null,
  made_at timestamptz not null,
  ends_at timestamptz not null
);
comment on table terminal_code is 'jobs: codes that turn a device into a till''s terminal, once';

-- Figures: added up from the feed, in the transaction that moves the position. A sum is never read from the ledger.
create table figure_total (
  figure_total_id smallint primary key default 1 check (figure_total_id = 1),
  position bigint not null,
  outstanding bigint not null,             -- points booked, less those set aside for orders
  pending bigint not null,
  members bigint not null
);
comment on table figure_total is 'jobs: how far the figures have come in the feed, and what stands now';

create table figure_hour (
  day date not null,                       -- of the books' time zone
  hour smallint not null,
  shop_id bigint not null,                 -- 0: no shop
  is_member boolean not null,
  sales bigint not null default 0,
  amount bigint not null default 0,        -- minor units, as charged; orders when placed, and by what they changed
  refunded bigint not null default 0,      -- what came back, at what it was charged
  earned bigint not null default 0,        -- points, provisional ones included
  used bigint not null default 0,
  joined bigint not null default 0,
  primary key (day, hour, shop_id, is_member)
);
comment on table figure_hour is 'jobs: what each hour came to, by shop, of members and of guests';

-- The office shows what was done lately, whoever it concerns. Written by hand-made changes alone.
create index audit_recent on audit (audit_id);
