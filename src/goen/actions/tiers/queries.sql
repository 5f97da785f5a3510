-- name: sales_to_count
-- Sales after one, as they stand, and whether they are counted already.
select p.member_id, p.purchase_id, p.business_date, p.status, p.version, p.decision, p.progress,
       coalesce(p.claimed_by, case when p.member_as_presented > 0 then p.member_as_presented end) as owner,
       k.version is not null as counted
  from (select * from purchase s where (s.member_id, s.purchase_id) > (:after_member::bigint, :after_purchase::text)
         order by s.member_id, s.purchase_id limit :piece::bigint) p
  left join tier_measure k
         on k.member_id = coalesce(p.claimed_by, p.member_as_presented) and k.day = p.business_date
        and k.purchase_id = p.purchase_id
 order by p.member_id, p.purchase_id;

-- name: counting^
-- How far the sales from before a version are counted.
select through_member, through_purchase, counted, finished_at is not null as finished from tier_count
 where since_version = :since::bigint;

-- name: note_counted!
-- Counted up to here.
insert into tier_count (since_version, through_member, through_purchase, counted, finished_at)
values (:since::bigint, :member_id::bigint, :purchase_id::text, :counted::bigint, :finished_at::timestamptz)
    on conflict (since_version) do update
   set through_member = excluded.through_member, through_purchase = excluded.through_purchase,
       counted = tier_count.counted + excluded.counted, finished_at = excluded.finished_at;

-- name: post_tiers
-- What sales count, and tiers that changed.
select post_tiers(:at::timestamptz, :measures::posted_measure[], :tiers::posted_tier[]);

-- name: stretch_end$
-- The last of the next members by number; null where there is none.
select max(s.member_id) from (
  select m.member_id from member m where m.member_id > :after::bigint order by m.member_id limit :piece::bigint) s;

-- name: changing
-- Of a stretch of members those whose tier is not what their sales of the window give: more is reached, or less is
-- kept. Sales of members merged into one count for the one. Read-only.
with people as (
  select m.member_id, m.merged_in, case when t.member_id is null and :first::boolean then m.tier else t.tier end as tier,
         t.kept_until, t.manual, t.manual_tier, t.manual_until, t.paused_until
    from member m left join member_tier t on t.member_id = m.member_id and t.programme = :programme::text
   where m.member_id > :after::bigint and m.member_id <= :upto::bigint and m.survivor_id is null and not m.household
     and m.status in ('active', 'frozen', 'provisional')
), sales as (
  select k.member_id, sum(case :what::text when 'gross' then k.gross when 'net' then k.net when 'points' then k.points
                                           else k.purchases end)::bigint as measure
    from tier_measure k
   where k.member_id > :after::bigint and k.member_id <= :upto::bigint
     and k.day >= :since::date and k.day <= :until::date
   group by k.member_id
), measured as (
  select p.*, coalesce(s.measure, 0) + case when p.merged_in = 0 then 0 else coalesce((
           select sum(case :what::text when 'gross' then k.gross when 'net' then k.net when 'points' then k.points
                                       else k.purchases end)::bigint
             from member a join tier_measure k on k.member_id = a.member_id
            where a.survivor_id = p.member_id and k.day >= :since::date and k.day <= :until::date), 0) end as measure
    from people p left join sales s on s.member_id = p.member_id
), ranked as (
  select m.*, coalesce(array_position(:codes::text[], m.tier), 0) as rank,
         width_bucket(m.measure, :reaches::bigint[]) as reached, width_bucket(m.measure, :keeps::bigint[]) as kept
    from measured m
)
select r.member_id, r.measure, r.tier, r.kept_until, r.manual, r.manual_tier, r.manual_until, r.paused_until
  from ranked r
 where r.reached > r.rank or (:falling::boolean and (r.kept < r.rank or (r.rank = 0 and r.tier is not null)))
 order by r.member_id;

-- name: measured
-- The same of these members, whoever changes.
select m.member_id, s.measure, case when t.member_id is null and :first::boolean then m.tier else t.tier end as tier,
       t.kept_until, t.manual, t.manual_tier, t.manual_until, t.paused_until, t.before_tier, t.before_kept_until, t.given_on
  from member m
  left join member_tier t on t.member_id = m.member_id and t.programme = :programme::text
  cross join lateral (
    select coalesce(sum(case :what::text when 'gross' then k.gross when 'net' then k.net when 'points' then k.points
                                         else k.purchases end), 0)::bigint as measure
      from (select m.member_id
            union all
            select a.member_id from member a where m.merged_in > 0 and a.survivor_id = m.member_id) f
      join tier_measure k on k.member_id = f.member_id and k.day >= :since::date and k.day <= :until::date) s
 where m.member_id = any(:members::bigint[]) and m.survivor_id is null and not m.household
   and m.status in ('active', 'frozen', 'provisional')
 order by m.member_id;

-- name: lock_books
-- Lock the books that hold the points of these members, in the one order.
select a.member_id from member_account a
 where a.member_id in (select unnest(:members::bigint[])
                       union
                       select m.pool_id from member m where m.member_id = any(:members::bigint[]) and m.pool_id is not null)
 order by a.member_id for no key update;

-- name: move_books!
-- Whoever has read them reads again.
update member_account a set version = a.version + 1 where a.member_id = any(:members::bigint[]);

-- name: announce!
-- An event each for the relay, numbered under acts of their own.
insert into outbox (member_id, outbox_id, topic, shop_id, recorded_at, body)
select u.member_id, nextval('act_id_seq') * 4096, :topic, null, :at, u.body
  from unnest(:members::bigint[], :bodies::text[]) as u (member_id, body);

-- name: run_of^
-- A run, as far as it has come.
select through, raised, lowered, finished_at from tier_run
 where programme = :programme and day = :day and kind = :kind;

-- name: note_run!
-- It has come so far.
insert into tier_run (programme, day, kind, through, raised, lowered, started_at, finished_at)
values (:programme, :day, :kind, :through, :raised, :lowered, :at, :finished_at)
    on conflict (programme, day, kind) do update
   set through = excluded.through, raised = tier_run.raised + excluded.raised,
       lowered = tier_run.lowered + excluded.lowered, finished_at = excluded.finished_at;

-- name: asked_runs
-- Runs that somebody has asked for and that are not finished.
select programme, day, kind from tier_run where finished_at is null and kind like 'by_hand:%' order by started_at;

-- name: ended_by_hand
-- Members with a tier given by hand that is over; one merged into another keeps it for the case that they are parted.
select t.member_id, t.programme, t.kept_until from member_tier t join member m on m.member_id = t.member_id
 where t.manual_until < :today::date and m.survivor_id is null order by t.manual_until
 limit :piece::bigint;

-- name: forget_by_hand!
-- Nothing is given by hand any more.
update member_tier t
   set kept_until = u.kept_until, manual = null, manual_tier = null, manual_until = null, manual_from = null,
       before_tier = null, before_kept_until = null, given_on = null, changed_at = :at, version = t.version + 1
  from unnest(:members::bigint[], :programmes::text[], :kept::date[]) as u (member_id, programme, kept_until)
 where t.member_id = u.member_id and t.programme = u.programme;

-- name: set_by_hand!
-- What is given by hand, from now on, and what of its own the member has beneath it.
insert into member_tier (member_id, programme, tier, since, kept_until, manual, manual_tier, manual_until, manual_from,
       before_tier, before_kept_until, given_on, changed_at)
values (:member_id, :programme, :tier, :day, :kept_until, :manual, :manual_tier, :manual_until, :manual_from,
        :before_tier, :before_kept_until, :day, :at)
    on conflict (member_id, programme) do update
   set kept_until = excluded.kept_until, manual = excluded.manual, manual_tier = excluded.manual_tier,
       manual_until = excluded.manual_until, manual_from = excluded.manual_from, before_tier = excluded.before_tier,
       before_kept_until = excluded.before_kept_until, given_on = excluded.given_on,
       changed_at = excluded.changed_at, version = member_tier.version + 1;

-- name: set_before!
-- Beneath what is given by hand the member has this of its own.
update member_tier set before_tier = :before_tier, before_kept_until = :before_kept_until, given_on = :day
 where member_id = :member_id and programme = :programme;

-- name: set_pause!
-- A leave of absence, or none.
insert into member_tier (member_id, programme, tier, since, paused_until, changed_at)
values (:member_id, :programme, :tier, :day, :until, :at)
    on conflict (member_id, programme) do update
   set paused_until = excluded.paused_until, changed_at = excluded.changed_at, version = member_tier.version + 1;

-- name: due
-- Members to be looked at again, and where they stood when they were merged: what the next change since then came from.
select d.member_id, d.source_id, d.why, d.at, x.programme, x.from_tier
  from (select e.member_id, e.source_id, e.why, e.at, e.since from tier_due e order by e.at limit :piece::bigint) d
  left join lateral (
    select distinct on (c.programme) c.programme, c.from_tier from member_tier_change c
     where c.member_id = d.member_id and c.at >= d.since
     order by c.programme, c.change) x on d.why = 'parted'
 order by d.at, d.member_id;

-- name: of_sources
-- Where those stood who have just been merged, as they were then: by the one whom they were merged into.
select a.survivor_id, a.member_id, case when t.member_id is null and :first::boolean then a.tier else t.tier end as tier,
       t.kept_until, t.manual, t.manual_tier, t.manual_until, t.paused_until, t.before_tier, t.before_kept_until, t.given_on
  from unnest(:members::bigint[], :sources::bigint[]) as i (member_id, source_id)
  join member a on a.member_id = i.source_id and a.survivor_id = i.member_id
  left join member_tier t on t.member_id = a.member_id and t.programme = :programme::text
 order by a.survivor_id, a.member_id;

-- name: came_with
-- Of these members, who has a tier by hand that came with this card.
select t.member_id from unnest(:members::bigint[], :sources::bigint[]) as i (member_id, source_id)
  join member_tier t on t.member_id = i.member_id and t.manual_from = i.source_id and t.programme = :programme::text;

-- name: note_due!
-- Look at these again.
insert into tier_due (why, at, source_id, since, member_id)
select :why::text, :at::timestamptz, :source_id::bigint,
       (select g.merged_at from member_merge g where g.member_id = :source_id::bigint and g.merge_id = :merge_id::text),
       u.member_id
  from unnest(:members::bigint[]) as u (member_id)
union all
-- What came to the source and nobody has looked at yet comes on with it.
select d.why, d.at, d.source_id, null, u.member_id
  from unnest(:members::bigint[]) as u (member_id) join tier_due d on d.member_id = :source_id::bigint
 where :why::text = 'merged' and d.why = 'merged'
    on conflict (member_id, source_id) do update set why = excluded.why, at = excluded.at, since = excluded.since;

-- name: before_day
-- The tiers of these members before an evaluation day: what the first change of that day or later came from.
select distinct on (c.member_id) c.member_id, c.from_tier from member_tier_change c
 where c.member_id = any(:members::bigint[]) and c.programme = :programme::text and c.day >= :day::date
 order by c.member_id, c.change;

-- name: forget_due!
-- They were.
delete from tier_due d
 using unnest(:members::bigint[], :sources::bigint[], :whys::text[], :ats::timestamptz[]) as u (member_id, source_id, why, at)
 where d.member_id = u.member_id and d.source_id = u.source_id and d.why = u.why and d.at = u.at;

-- name: counted_since$
-- The version since which the programme has tiers, once all sales from before it are counted.
select max(since_version) from tier_count where finished_at is not null;

-- name: person$
-- Who a member is by now; nobody where there is none.
select coalesce(m.survivor_id, m.member_id) from member m where m.member_id = :member_id and not m.household;

-- name: note_asked$
-- A run that somebody asks for, numbered among those of its day.
insert into tier_run (programme, day, kind, started_at)
select :programme::text, :day::date, 'by_hand:' || count(*) + 1, :at::timestamptz from tier_run r
 where r.programme = :programme::text and r.day = :day::date and r.kind like 'by_hand:%'
returning kind;

-- name: note_audit!
-- Who gave what by hand, and why.
insert into audit (anchor, at, author, action, reason, details)
values (:anchor, :at, :author, :action, :reason, :details::text::json);
