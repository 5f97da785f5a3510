-- Campaigns, the signals they look at, and what they ask of shops, products and members.

create table campaign (
  code text primary key,
  version bigint not null,                 -- the newest version, live or not
  waiting bigint,                          -- the version that goes live once a second person approves it
  waiting_by text,
  waiting_from timestamptz,
  changed_at timestamptz not null
);
comment on table campaign is 'reference: campaigns by code; what is live follows from campaign_change';

create table campaign_version (
  code text not null constraint campaign_version_campaign references campaign (code),
  version bigint not null,
  document json not null,
  made_by text not null,
  made_at timestamptz not null,
  primary key (code, version)
);
comment on table campaign_version is 'reference: versions of campaigns, never edited';

create table campaign_approval (
  code text not null,
  version bigint not null,
  approved_by text not null,
  approved_at timestamptz not null,
  primary key (code, version, approved_by),
  constraint campaign_approval_version foreign key (code, version) references campaign_version (code, version)
);
comment on table campaign_approval is 'reference: who approved which version';

-- One numbered line of changes: of those known by a number, the last in effect counts for a campaign.
create table campaign_change (
  change bigint primary key,
  code text not null,
  version bigint not null,
  at timestamptz not null,
  what text not null constraint campaign_change_what_check check (what in ('live', 'stop')),
  made_by text not null,
  made_at timestamptz not null,
  constraint campaign_change_version foreign key (code, version) references campaign_version (code, version)
);
comment on table campaign_change is 'reference: versions that went live and campaigns that stopped, never edited';

create table signal (
  name text not null,
  place text not null,                     -- a shop, a region, or empty for everywhere
  at timestamptz not null,
  value json not null,
  source text,
  change bigint not null,                  -- one numbered line, so that every process reads what it has not yet
  received_at timestamptz not null,
  primary key (name, place, at)
);
create index signal_change on signal (change);
comment on table signal is 'reference: external facts by name, place and time: weather, stock and others';

create table member_segment (
  member_id bigint not null,
  segment text not null,
  since timestamptz not null,
  primary key (member_id, segment)
);
comment on table member_segment is 'member: groups that members were put into from outside or by analysis';

alter table shop add column region text;
alter table product add column brand text;
alter table product add column maker text;
alter table product add column tags text[] not null default '{}';
alter table product add column clearance boolean not null default false;
