-- name: climbing
-- Where these members stand on the ladders, and what their sales since a day count; of merged ones the survivor's.
-- Read-only.
select i.member_id as asked, i.programme, s.gross, s.net, s.points, s.purchases,
       case when t.member_id is null and i.first then m.tier else t.tier end as tier
  from (select a.member_id, l.programme, l.since, l.first
          from unnest(:members::bigint[]) as a (member_id)
         cross join unnest(:programmes::text[], :sinces::date[], :firsts::boolean[]) as l (programme, since, first)) i
  join member p on p.member_id = i.member_id
  join member m on m.member_id = coalesce(p.survivor_id, p.member_id) and not m.household
  left join member_tier t on t.member_id = m.member_id and t.programme = i.programme
  cross join lateral (
    select coalesce(sum(k.gross), 0)::bigint as gross, coalesce(sum(k.net), 0)::bigint as net,
           coalesce(sum(k.points), 0)::bigint as points, coalesce(sum(k.purchases), 0)::bigint as purchases
      from (select m.member_id
            union all
            select a.member_id from member a where m.merged_in > 0 and a.survivor_id = m.member_id) f
      join tier_measure k on k.member_id = f.member_id and k.day >= i.since) s;

-- name: standings
-- What is kept of a member's standing.
select t.programme, t.since, t.kept_until, t.manual, t.manual_tier, t.manual_until, t.paused_until from member_tier t
 where t.member_id = :member_id;

-- name: changes
-- A member's tiers over time, the latest first, from before a change on.
select c.change, c.programme, c.at, c.day, c.from_tier, c.tier, c.why, c.measure from member_tier_change c
 where c.member_id = :member_id and c.change < :before::bigint order by c.change desc limit :count::bigint;

-- name: runs
-- Runs over all members, the latest first.
select r.programme, r.day, r.kind, r.raised, r.lowered, r.started_at, r.finished_at from tier_run r
 order by r.started_at desc, r.programme, r.kind limit :count::bigint;

-- name: stands
-- How many living members stand at each tier of a ladder; ``first``: who was never looked at stands where the member's
-- own tier says. Read-only.
select case when t.member_id is null and :first::boolean then m.tier else t.tier end as tier, count(*) as members
  from member m
  left join member_tier t on t.member_id = m.member_id and t.programme = :programme
 where m.status in ('active', 'frozen', 'provisional') and not m.household
 group by 1;

-- name: by_hand
-- How many members have a tier by hand, and how many are paused, on a day. Read-only.
select count(*) filter (where t.manual is not null and (t.manual_until is null or t.manual_until >= :today::date)) as given,
       count(*) filter (where t.paused_until >= :today::date) as paused
  from member_tier t where t.programme = :programme;
