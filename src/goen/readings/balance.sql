-- name: balances
-- Balances of many members at one moment, in the order asked. Lots past their day are dead and holds past their
-- time free, whether or not a job has booked it; a merged member reads the survivor. Read-only.
select m.member_id, case when p.pool_id is null then m.tier else p.tier end as tier, a.booked, a.pending, a.held - coalesce(f.points, 0) as held,
       l.dead, l.limited, l.days, l.points
  from unnest(:members::bigint[]) with ordinality as i (member_id, n)
  left join member p on p.member_id = i.member_id
  left join member m on m.member_id = coalesce(p.pool_id, p.survivor_id, p.member_id)
  left join member_account a on a.member_id = m.member_id
  left join lateral (
    select sum(d.points)::bigint as points, jsonb_object_agg(d.lot, d.points) as lots
      from (select draw ->> 0 as lot, sum((draw ->> 1)::bigint) as points
              from hold h, json_array_elements(h.draws) draw
             where a.held > 0 and h.member_id = a.member_id and h.status = 'open' and h.expires_at <= :now::timestamptz
             group by 1) d) f on true
  cross join lateral (
    select coalesce(sum(s.free) filter (where s.expires_on < :today::date), 0)::bigint as dead,
           coalesce(sum(s.free) filter (where s.kind = 'limited' and coalesce(s.expires_on >= :today::date, true)), 0)::bigint as limited,
           array_agg(s.expires_on order by s.expires_on)
             filter (where s.free > 0 and s.expires_on between :today::date and :soon::date) as days,
           array_agg(s.free order by s.expires_on)
             filter (where s.free > 0 and s.expires_on between :today::date and :soon::date) as points
      from (select o.kind, o.expires_on,
                   o.remaining - o.held + case when f.lots is null then 0
                                               else coalesce((f.lots ->> o.lot_id::text)::bigint, 0) end as free
              from lot o
             where o.member_id = a.member_id and o.open and o.kind = 'limited'
            union all
            select o.kind, o.expires_on,
                   o.remaining - o.held + case when f.lots is null then 0
                                               else coalesce((f.lots ->> o.lot_id::text)::bigint, 0) end
              from lot o
             where o.member_id = a.member_id and o.open and o.kind = 'regular' and o.expires_on <= :soon::date) s) l
 order by i.n;

-- name: balance_then^
-- One member's balance as it was recorded at a past instant: entries, moves, extensions and holds up to then.
with entries as (
  select e.act_id, e.source, e.target, e.points from entry e
   where e.member_id = :member_id and e.recorded_at <= :at
), drawn as (
  select (draw ->> 0)::bigint as lot_id, sum((draw ->> 1)::bigint) as points
    from hold h, json_array_elements(h.draws) draw
   where h.member_id = :member_id and h.created_at <= :at
     and (h.ended_at is null or h.ended_at > :at) and (h.expires_at is null or h.expires_at > :at)
   group by 1
), lots as (
  -- A lot is made by an act that enters points for its member; what moved its date later has not happened yet.
  select o.kind, o.lot_id,
         case when x.lot_id is null then o.expires_on else x.from_date end as expires_on,
         o.points + coalesce((select sum(v.points) from lot_move v
                               where v.member_id = o.member_id and v.lot_id = o.lot_id and v.recorded_at <= :at), 0)
           - coalesce(d.points, 0) as free
    from lot o
    left join drawn d on d.lot_id = o.lot_id
    left join lateral (
      select t.lot_id, t.from_date from lot_extension t
       where t.member_id = o.member_id and t.lot_id = o.lot_id and t.recorded_at > :at
       order by t.recorded_at, t.act_id limit 1) x on true
   where o.member_id = :member_id and o.act_id in (select act_id from entries)
)
select m.member_id, m.tier, e.booked, e.pending, coalesce((select sum(points) from drawn), 0)::bigint as held,
       l.dead, l.limited, l.days, l.points
  from member m
 cross join (
   select coalesce(sum(case when target = 'points' then points when source = 'points' then -points end), 0)::bigint
            as booked,
          coalesce(sum(case when target = 'pending' then points when source = 'pending' then -points end), 0)::bigint
            as pending
     from entries) e
 cross join (
   select coalesce(sum(free) filter (where expires_on < :today), 0)::bigint as dead,
          coalesce(sum(free) filter (where kind = 'limited' and coalesce(expires_on >= :today, true)), 0)::bigint as limited,
          array_agg(expires_on order by expires_on)
            filter (where free > 0 and expires_on between :today and :soon) as days,
          array_agg(free::bigint order by expires_on)
            filter (where free > 0 and expires_on between :today and :soon) as points
     from lots where kind <> 'debt') l
 where m.member_id = :member_id;
