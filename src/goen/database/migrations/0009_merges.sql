-- Merging two members, and taking a merge back at any later time. A merge re-points nothing: sales, entries and
-- returns stay where they stand and say who was presented; readings and the till resolve that to the survivor.

alter table member add column lot_shift bigint not null default 0;  -- of a merged member: its lot numbers plus this are the survivor's
alter table member add column merged_in bigint not null default 0;  -- how many members are merged into this one now
create index member_survivor on member (survivor_id) where survivor_id is not null;

-- A hold follows its points to another account under the id it has; the row it left says "moved".
alter table hold drop constraint hold_status_check;
alter table hold add constraint hold_status_check check (status in ('open', 'captured', 'released', 'expired', 'moved'));

-- Of a lot that came from another account: what had expired of it there. The rest of "expired" are entries here.
alter table lot add column expired_before bigint not null default 0;

create table member_merge (
  member_id bigint not null,               -- who was merged
  merge_id text not null,
  survivor_id bigint not null,             -- into whom
  act_id bigint not null,
  merged_at timestamptz not null,
  reason text not null,
  lot_shift bigint not null,               -- from the source's lot numbers to the survivor's
  source_state json not null,              -- account, open lots and holds of both at that moment: where an undo starts
  survivor_state json not null,
  undone_at timestamptz,
  undo_act_id bigint,
  primary key (member_id, merge_id)
);
create index member_merge_into on member_merge (survivor_id);
comment on table member_merge is 'member: who was merged into whom, when, why, and until when';

-- What happened to the points of a member while others are merged into it, in the ledger's own verbs. An undo replays
-- it side by side; when no merge into the member is open any more, its steps go.
create sequence merge_step_id_seq;
create table merge_step (
  member_id bigint not null,               -- the survivor
  step_id bigint not null default nextval('merge_step_id_seq'),
  act_id bigint not null,
  at timestamptz not null,
  presented_id bigint not null,            -- who was presented: the survivor itself, or one merged into it
  shared boolean not null,                 -- by a name that both carried
  lot_shift bigint not null default 0,     -- to be added to the lot numbers in body
  body json not null,
  primary key (member_id, step_id)
);
comment on table merge_step is 'member: what happened since a merge, by whose name';
