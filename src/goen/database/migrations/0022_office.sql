-- Work of the office that waits or takes time: points by hand above the programme's limit, and back-tests.

create sequence adjustment_request_id_seq;
create table adjustment_request (
  member_id bigint not null,               -- whose page it was asked on
  request_id bigint not null default nextval('adjustment_request_id_seq'),
  points bigint not null constraint adjustment_request_points_check check (points <> 0),
  reason text not null,
  note text,
  asked_by text not null,
  asked_key text not null,                 -- of the form: sent twice it is one request
  asked_at timestamptz not null,
  state text not null default 'asked'      -- approving: somebody has said yes, and the points are on their way
    constraint adjustment_request_state_check check (state in ('asked', 'approving', 'approved', 'declined')),
  decided_by text,
  decided_at timestamptz,
  primary key (member_id, request_id),
  constraint adjustment_request_asked_key unique (member_id, asked_by, asked_key)
);
create index adjustment_request_open on adjustment_request (asked_at, member_id, request_id)
 where state in ('asked', 'approving');
alter table adjustment_request alter column note set statistics 0;
comment on column adjustment_request.note is 'personal: why, in words';
comment on table adjustment_request is 'member: points by hand that wait for a second person, and what became of them';

create sequence backtest_run_id_seq;
create table backtest_run (
  run_id bigint primary key default nextval('backtest_run_id_seq'),
  campaign text not null,
  version bigint not null,
  first date,                              -- null: from the first sale on
  last date,
  made_by text not null,
  made_at timestamptz not null,
  state text not null default 'running'
    constraint backtest_run_state_check check (state in ('running', 'done', 'failed')),
  done bigint not null default 0,          -- sales looked at so far
  sales bigint,                            -- of so many
  told_at timestamptz not null,            -- the last sign of life
  answer json
);
create index backtest_run_of on backtest_run (campaign, run_id);
comment on table backtest_run is 'registry: back-tests asked for in the office, how far they are and what they found';

create index member_segment_by on member_segment (segment, member_id);
