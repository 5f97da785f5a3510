-- Standing rules: points for a birthday, a registration, a visit, a referral, a review, a survey, a lapse; and draws.

create table standing_rule (
  code text primary key,
  kind text not null,
  version bigint not null,                 -- the newest
  live_version bigint,                     -- the one that gives; null: none does
  live_from timestamptz,                   -- since when this rule has given, whatever its version
  waiting_version bigint,                  -- the one that waits for a second person's approval
  waiting_by text,
  stopped_at timestamptz
);
comment on table standing_rule is 'reference: standing rules by code, and which version of each gives points now';

create table standing_version (
  code text not null,
  version bigint not null,
  document json not null,
  made_by text not null,
  made_at timestamptz not null,
  primary key (code, version),
  constraint standing_version_rule foreign key (code) references standing_rule (code)
);
comment on table standing_version is 'reference: versions of standing rules, never edited';

-- What a rule gave, once for each occasion: a year, a day, a subject, a lapse. The occasion is a limit account too, so
-- that members who are one by now have it once.
create table standing_grant (
  member_id bigint not null,               -- who was presented
  code text not null,
  occasion text not null,
  version bigint not null,
  points bigint not null constraint standing_grant_points_check check (points > 0),
  granted_at timestamptz not null,
  act_id bigint not null,
  shop_id bigint,
  primary key (member_id, code, occasion)
);
create index standing_grant_of on standing_grant (code, granted_at);
comment on table standing_grant is 'member append-only: points that standing rules gave, by occasion';

-- Where the daily sweep over all members stands for a rule.
create table standing_sweep (
  code text primary key,
  version bigint not null,
  day date not null,
  after bigint not null,                   -- all members up to this one are looked at
  done boolean not null
);
comment on table standing_sweep is 'jobs: how far the day''s look at all members has come, by standing rule';

-- When a provisional member registered; others have been registered since they joined.
alter table member add column registered_at timestamptz;
create index member_joined on member (joined_at);
create index member_registered on member (registered_at) where registered_at is not null;

-- Visits (rule 37) --------------------------------------------------------------------------------

create table visit (
  member_id bigint not null,               -- who was presented
  visit_id text not null,
  shop_id bigint not null,
  day date not null,
  at timestamptz not null,
  by text not null constraint visit_by_check check (by in ('staff', 'code')),
  act_id bigint not null,
  primary key (member_id, visit_id)
);
create index visit_of on visit (member_id, at);
comment on table visit is 'member append-only: check-ins of members in shops (rule 37)';

create table visit_code (
  code_hash bigint not null,
  code text not null,
  shop_id bigint not null,
  expires_at timestamptz not null,
  made_by text not null,
  made_at timestamptz not null,
  primary key (code_hash, code)
);
create index visit_code_old on visit_code (expires_at);
comment on table visit_code is 'registry: codes that a shop shows or prints for check-ins, until they expire';

-- Referrals (rule 38) -----------------------------------------------------------------------------

create table referral_code (
  code_hash bigint not null,
  code text not null,
  member_id bigint not null,
  made_at timestamptz not null,
  primary key (code_hash, code)
);
create index referral_code_of on referral_code (member_id);
comment on table referral_code is 'registry: the code by which a member refers friends';

create table referral (
  member_id bigint not null,               -- the friend, as presented
  referral_id text not null,
  referrer_id bigint not null,             -- whose code it was
  rule text not null,
  version bigint not null,
  state text not null constraint referral_state_check check (state in ('pending', 'paid', 'void', 'lapsed')),
  reason text,                             -- why it is void
  device_hash bigint,
  purchase_id text,                        -- the order that it was paid for
  entered_at timestamptz not null,
  until date not null,                     -- the last day of the friend's first order
  changed_at timestamptz not null,
  act_id bigint not null,
  primary key (member_id, referral_id)
);
create index referral_pending on referral (member_id, referral_id) where state = 'pending';
create index referral_by on referral (referrer_id);
create index referral_device on referral (device_hash) where device_hash is not null;
comment on table referral is 'member: friends who were referred, and what became of it (rule 38)';

-- A referral goes on; where it has done so meanwhile it is looked at again.
create function move_referral(member bigint, named text, to_state text, why text, sale text, at timestamptz) returns void
language plpgsql as $$
begin
  update referral r set state = to_state, reason = why, purchase_id = sale, changed_at = at
   where r.member_id = member and r.referral_id = named and r.state = 'pending';
  if not found then
    raise exception 'the referral has gone on' using errcode = 'GO001';
  end if;
end $$;

-- Draws -------------------------------------------------------------------------------------------

create table prize_draw (
  code text primary key,
  document json not null,                  -- its terms; fixed once it is live
  seed bytea,                              -- made when it goes live, told to nobody before it is over
  seed_hash text,                          -- SHA-256 of the seed in hex, published from the first moment
  live_from timestamptz,
  stopped_at timestamptz,
  drawn_at timestamptz,                    -- when all was decided and the seed made public
  put_by text not null,
  put_at timestamptz not null
);
comment on table prize_draw is 'reference: draws with their prizes and odds, and what proves that nobody chose the winners';

create table prize_entry (
  member_id bigint not null,               -- who was presented
  entry_id text not null,
  draw text not null,
  tickets bigint not null constraint prize_entry_tickets_check check (tickets > 0),
  points bigint not null,                  -- what was paid for it
  purchase_id text,                        -- what it was earned by
  entered_at timestamptz not null,
  act_id bigint not null,
  shop_id bigint,
  primary key (member_id, entry_id)
);
create index prize_entry_of on prize_entry (draw, member_id, entry_id);
comment on table prize_entry is 'member append-only: entries in draws';

create table prize_win (
  member_id bigint not null,
  entry_id text not null,
  ticket bigint not null,
  draw text not null,
  prize text not null,
  won_at timestamptz not null,
  act_id bigint not null,
  primary key (member_id, entry_id, ticket)
);
create index prize_win_of on prize_win (draw, won_at);
comment on table prize_win is 'member append-only: tickets that have won a prize';
