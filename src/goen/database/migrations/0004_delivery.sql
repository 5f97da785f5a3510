-- The way out: the relay's drain, what the feed has forgotten, webhooks, and the book of background jobs.

-- Constant insert and delete: vacuum goes at full speed as soon as it is due.
alter table outbox set (autovacuum_vacuum_cost_delay = 0);

-- Positions up to and with this one were purged; nobody can resume from before it.
alter table feed_head add column purged_through bigint not null default 0;

-- Moves everything committed for these members from the outbox into the feed, in one numbered line without gaps.
-- Returns the new head, or null where there was nothing to move.
-- The head is locked first and each statement sees what was committed before it ran, so of two drains the later
-- one never takes an event that precedes one of the earlier: a member's events keep the order of their commits.
create function relay_drain(members bigint[]) returns bigint language plpgsql as $$
declare
  start bigint;
  moved bigint;
begin
  select position into strict start from feed_head where feed_id = 1 for update;
  with gone as (
    delete from outbox where member_id = any (members)
    returning member_id, outbox_id, topic, shop_id, recorded_at, body
  )
  insert into feed (position, topic, member_id, shop_id, recorded_at, body)
  select start + row_number() over (order by recorded_at, outbox_id), topic, member_id, shop_id, recorded_at, body
    from gone;
  get diagnostics moved = row_count;
  if moved = 0 then
    return null;
  end if;
  update feed_head set position = start + moved where feed_id = 1;
  return start + moved;
end $$;

-- Webhooks ----------------------------------------------------------------------------------------

create sequence webhook_endpoint_id_seq;
create table webhook_endpoint (
  endpoint_id bigint primary key default nextval('webhook_endpoint_id_seq'),
  url text not null,
  topics text[] not null,                  -- empty: every topic
  secret text not null,                    -- whsec_...; signs, so it is kept as it is
  created_by text not null,
  created_at timestamptz not null,
  disabled_at timestamptz,
  disabled_reason text
);
comment on table webhook_endpoint is 'reference: where events are sent';

create table webhook_cursor (
  endpoint_id bigint primary key
    constraint webhook_cursor_endpoint_fkey references webhook_endpoint (endpoint_id) on delete cascade,
  position bigint not null,                -- everything up to here was tried at least once
  failures bigint not null default 0,      -- attempts failed since the last success
  failing_since timestamptz,
  paused_until timestamptz
) with (fillfactor = 50);
comment on table webhook_cursor is 'jobs: how far each endpoint has come, and its health';

create table webhook_delivery (
  endpoint_id bigint not null
    constraint webhook_delivery_endpoint_fkey references webhook_endpoint (endpoint_id) on delete cascade,
  position bigint not null,
  topic text not null,
  state text not null constraint webhook_delivery_state_check check (state in ('delivered', 'retrying', 'failed')),
  attempts bigint not null,
  status smallint,                         -- of the last answer; null: there was none
  error text,
  last_at timestamptz not null,
  next_at timestamptz,
  primary key (endpoint_id, position)
) with (fillfactor = 90);
create index webhook_delivery_due on webhook_delivery (endpoint_id, next_at) where state = 'retrying';
comment on table webhook_delivery is 'jobs: the last attempt of each event at each endpoint';

create sequence webhook_replay_id_seq;
create table webhook_replay (
  endpoint_id bigint not null
    constraint webhook_replay_endpoint_fkey references webhook_endpoint (endpoint_id) on delete cascade,
  replay_id bigint not null default nextval('webhook_replay_id_seq'),
  position bigint not null,                -- everything up to here was sent again
  to_position bigint not null,
  asked_by text not null,
  asked_at timestamptz not null,
  primary key (endpoint_id, replay_id)
);
create index webhook_replay_open on webhook_replay (endpoint_id) where position < to_position;
comment on table webhook_replay is 'jobs: stretches of the feed to be sent again to an endpoint';

-- Jobs --------------------------------------------------------------------------------------------

create table job_run (
  job text primary key,
  started_at timestamptz not null,
  finished_at timestamptz,                 -- null: running, or the process ended in the middle
  outcome text constraint job_run_outcome_check check (outcome in ('done', 'failed', 'stopped')),
  seconds double precision,
  done bigint,                             -- how many things the run did
  error text,
  failed_at timestamptz,                   -- of the last failure, with its words in error
  runs bigint not null default 0,
  failures bigint not null default 0
) with (fillfactor = 50);
comment on table job_run is 'jobs: the last run of each background job';

create sequence invariant_finding_id_seq;
create table invariant_finding (
  finding_id bigint primary key default nextval('invariant_finding_id_seq'),
  invariant text not null,
  subject text not null,                   -- the member, lot or key concerned, as verify names it
  detail text not null,
  found_at timestamptz not null,
  seen_at timestamptz not null,
  gone_at timestamptz                      -- a later check no longer found it
);
create unique index invariant_finding_open on invariant_finding (invariant, subject) where gone_at is null;
comment on table invariant_finding is 'jobs: what verify found wrong, and when it was seen last';
