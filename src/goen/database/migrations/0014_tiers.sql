-- Tiers: what each sale counts, who stands where, and how it came about (rules 32 to 35).

-- A row is a function of its sale as it stands at this version of it; rows are written only while the programme has
-- tiers, and for the sales before that once it gets them. The highest version of a sale wins, whoever writes it.
create table tier_measure (
  member_id bigint not null,               -- whose sale: who was presented or has claimed it, merged or not
  day date not null,                       -- business date of the sale
  purchase_id text not null,
  version bigint not null,                 -- of the sale
  gross bigint not null,                   -- tax included, without postage, less what came back
  net bigint not null,
  points bigint not null,                  -- earned and confirmed
  purchases smallint not null,             -- 1, or 0 where nothing of it stays
  primary key (member_id, day, purchase_id)
);
comment on table tier_measure is 'member: what sales count for tiers, a cache of purchases and their progress';

create table member_tier (
  member_id bigint not null,
  programme text not null,                 -- code of the programme of tiers
  tier text,
  since date not null,
  kept_until date,                         -- before this day it does not fall
  manual text constraint member_tier_manual_check check (manual in ('fixed', 'floor')),
  manual_tier text,
  manual_until date,                       -- through this day; null: without an end
  paused_until date,                       -- leave of absence: through this day it does not fall
  version bigint not null default 1,
  changed_at timestamptz not null,
  primary key (member_id, programme)
) with (fillfactor = 85);
create index member_tier_ends on member_tier (manual_until) where manual_until is not null;
comment on table member_tier is 'member: where members stand on each programme of tiers';

create sequence tier_change_seq;
create table member_tier_change (
  member_id bigint not null,
  change bigint not null default nextval('tier_change_seq'),
  programme text not null,
  at timestamptz not null,
  day date not null,
  from_tier text,
  tier text,
  why text not null,
  measure bigint,
  primary key (member_id, change)
);
comment on table member_tier_change is 'member append-only: every change of a tier, and by what measure';

-- Members whose tier is to be looked at again, because their history became another one (merges and their undoing).
create table tier_due (
  member_id bigint not null,
  why text not null constraint tier_due_why_check check (why in ('merged', 'parted')),
  at timestamptz not null,
  since timestamptz,                       -- parted: when the two were merged
  primary key (member_id)
);
comment on table tier_due is 'member: whose tiers are looked at again within seconds';

create table tier_run (
  programme text not null,
  day date not null,
  kind text not null,                      -- evaluation, daily, start:<version>, by_hand:<n>
  through bigint not null default 0,       -- members up to this number are done
  raised bigint not null default 0,
  lowered bigint not null default 0,
  started_at timestamptz not null,
  finished_at timestamptz,
  primary key (programme, day, kind)
);
comment on table tier_run is 'jobs: evaluations, as far as they have come';

create table tier_count (
  since_version bigint primary key,        -- of the programme: the first of an unbroken line of versions with tiers
  through_member bigint not null,          -- sales are counted up to here
  through_purchase text not null,
  counted bigint not null default 0,
  finished_at timestamptz
);
comment on table tier_count is 'jobs: counting the sales from before the programme had tiers, as far as it has come';

create type posted_measure as (
  member_id bigint, day date, purchase_id text, version bigint, gross bigint, net bigint, points bigint, purchases bigint);
create type posted_tier as (
  member_id bigint, programme text, first boolean, day date, from_tier text, tier text, kept_until date, why text,
  measure bigint);

-- What sales count and whom they raise; in the same commit as the sales. Accounts are locked by then.
create function post_tiers(at timestamptz, measures posted_measure[], tiers posted_tier[]) returns void
language plpgsql as $$
begin
  insert into tier_measure (member_id, day, purchase_id, version, gross, net, points, purchases)
  select u.member_id, u.day, u.purchase_id, u.version, u.gross, u.net, u.points, u.purchases from unnest(measures) u
   order by 1, 2, 3
      on conflict (member_id, day, purchase_id) do update
     set version = excluded.version, gross = excluded.gross, net = excluded.net, points = excluded.points,
         purchases = excluded.purchases
   where excluded.version > tier_measure.version;
  if cardinality(tiers) > 0 then
    -- Of several changes of one tier the last counts; all are kept in the history.
    insert into member_tier (member_id, programme, tier, since, kept_until, changed_at)
    select distinct on (u.member_id, u.programme) u.member_id, u.programme, u.tier, u.day, u.kept_until, at
      from unnest(tiers) with ordinality
           as u (member_id, programme, first, day, from_tier, tier, kept_until, why, measure, n)
     order by u.member_id, u.programme, u.n desc
        on conflict (member_id, programme) do update
       set tier = excluded.tier, since = excluded.since, kept_until = excluded.kept_until,
           changed_at = excluded.changed_at, version = member_tier.version + 1;
    -- The tier of the first programme is the member's tier.
    update member m set tier = u.tier
      from (select distinct on (x.member_id) x.member_id, x.tier
              from unnest(tiers) with ordinality
                   as x (member_id, programme, first, day, from_tier, tier, kept_until, why, measure, n)
             where x.first order by x.member_id, x.n desc) u
     where m.member_id = u.member_id;
    insert into member_tier_change (member_id, programme, at, day, from_tier, tier, why, measure)
    select u.member_id, u.programme, at, u.day, u.from_tier, u.tier, u.why, u.measure
      from unnest(tiers) with ordinality
           as u (member_id, programme, first, day, from_tier, tier, kept_until, why, measure, n)
     order by u.n;
  end if;
end $$;
