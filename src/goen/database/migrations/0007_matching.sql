-- Matching: models as learned, runs over the members, and pairs for a person to decide. No personal data stands
-- here: evidence names fields and how far they agree, never their values.

create sequence match_model_id_seq;
create table match_model (
  model_id bigint primary key default nextval('match_model_id_seq'),
  version bigint not null,                 -- of the comparisons the weights belong to
  records bigint not null,                 -- how many records they were learned from
  weights json not null,                   -- portable: m and u by comparison and level, and the prior
  learned_at timestamptz not null
);
comment on table match_model is 'jobs: weights of the matching model, never edited';

create sequence match_run_id_seq;
create table match_run (
  run_id bigint primary key default nextval('match_run_id_seq'),
  model_id bigint constraint match_run_model_fkey references match_model (model_id),
  state text not null constraint match_run_state_check check (state in ('running', 'done', 'failed')),
  author text not null,
  counts json not null default '{}',       -- members, merged, asked
  started_at timestamptz not null,
  finished_at timestamptz
);
comment on table match_run is 'jobs: runs of matching over the members and what they came to';

-- A pair stands under its older member. Open ones come and go with the runs; what a person decided stays, so that
-- nobody is asked twice.
create table match_review (
  member_id bigint not null,
  other_id bigint not null,
  state text not null default 'open' constraint match_review_state_check check (state in ('open', 'same', 'not_same')),
  certain boolean not null,                -- all guards passed: a merge needs no doubt, only somebody to do it
  probability double precision not null,
  evidence json not null,                  -- {field: [level, weight in bits]}
  run_id bigint not null,                  -- the run that saw it last
  found_at timestamptz not null,
  decided_at timestamptz,
  decided_by text,
  reason text,
  merged boolean not null default false,   -- decided "same" and merged
  primary key (member_id, other_id),
  constraint match_review_pair_check check (member_id < other_id)
);
create index match_review_open on match_review (probability desc, member_id, other_id) where state = 'open';
create index match_review_decided on match_review (state, decided_at desc) where state <> 'open';
create index match_review_other on match_review (other_id);
comment on table match_review is 'member: pairs of members that may be one person, the evidence, and what was decided';
