-- Joining and moving: one-time codes, provisional members, retired paper cards, households.

-- One-time codes. Neither the contact nor the code can be read from here: both are hashed together with the
-- request's id, which only the asker has.
create table contact_code (
  code_hash bigint not null,               -- of the request's id
  code_check bigint not null,              -- the other half of the same 128 bits
  subject bytea not null,                  -- hash of what the code is about: a contact, or an account to link
  code bytea not null,                     -- hash of the code, keyed by the id
  failures smallint not null default 0,    -- wrong codes, or second keys that did not agree
  expires_at timestamptz not null,         -- of the code; once confirmed, of what it proved
  confirmed_at timestamptz,
  used_at timestamptz,
  primary key (code_hash, code_check)
) with (fillfactor = 70);
create index contact_code_old on contact_code (expires_at);
comment on table contact_code is 'registry: one-time codes sent to a phone or mail address, for some minutes';

-- How often somebody asked lately: per contact, per address of the network, per integration.
create table code_quota (
  quota_hash bigint not null,
  quota_check bigint not null,
  since timestamptz not null,              -- when the present window began
  asked bigint not null,
  primary key (quota_hash, quota_check)
) with (fillfactor = 70);
create index code_quota_old on code_quota (since);
comment on table code_quota is 'registry: counters that keep one-time codes from being guessed or sent without end';

-- Provisional members earn now and register later (rule 46).
alter table member drop constraint member_status_check;
alter table member add constraint member_status_check
  check (status in ('active', 'provisional', 'frozen', 'withdrawn', 'merged')) not valid;
alter table member validate constraint member_status_check;
alter table member add column register_by date;   -- the last day to register; null: registered
create index member_register_by on member (register_by) where register_by is not null;

create table member_lapse (
  member_id bigint not null,
  register_by date not null,               -- the day that passed
  points bigint not null,                  -- what lapsed with it
  lapsed_at timestamptz not null,
  primary key (member_id, register_by)
);
create index member_lapse_by_time on member_lapse (lapsed_at);
comment on table member_lapse is 'member append-only: provisional members whose time to register passed (rule 46)';

-- Households (rule 40). A household is a member account of its own, the pool; its people point to it, and the
-- till books their sales there as it books a merged member's with the survivor.
alter table member add column household boolean not null default false;  -- this row is a pool, no person
alter table member add column pool_id bigint;                            -- the pool a person earns into
alter table member add column pool_spend boolean not null default false; -- whether the person may spend from it

create index member_pool on member (pool_id) where pool_id is not null;

create table household_member (
  member_id bigint not null,
  household_id bigint not null,            -- the pool's member_id
  joining bigint not null,                 -- the how-manieth time this person joins this household
  head boolean not null,
  may_spend boolean not null,
  state text not null constraint household_member_state_check
    check (state in ('invited', 'joined', 'leaving', 'left')),
  split bigint not null default 0,         -- points taken along on leaving
  invited_at timestamptz not null,
  joined_at timestamptz,
  left_at timestamptz,
  primary key (member_id, household_id, joining)
) with (fillfactor = 80);
create index household_member_of on household_member (household_id);
comment on table household_member is 'member: who belongs to a household, was invited, or has left';
