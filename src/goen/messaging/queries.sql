-- name: place^
-- How far a sweep has come; nothing before its first.
select day, since, after, done from notice_place where what = :what;

-- name: put_place!
-- It has come so far.
insert into notice_place (what, day, since, after, done) values (:what, :day, :since, :after, :done)
    on conflict (what) do update set day = excluded.day, since = excluded.since, after = excluded.after, done = excluded.done;

-- name: lock_place^
-- The same, locked: one sweep at a time goes on from it.
select day, since, after, done from notice_place where what = :what for update;

-- name: ending_days
-- On which of these days anything ends at all (index lot_due).
select d.day from unnest(:days::date[]) as d (day)
 where exists (select from lot where (case when open and kind <> 'debt' then expires_on end) = d.day);

-- name: ending_after
-- What ends on these days, of the next members by number; the last of them always, with no day where nothing of it does.
with next as materialized (
  select m.member_id, m.status from member m where m.member_id > :after order by m.member_id limit :rows
)
select n.member_id, e.expires_on, e.points
  from next n
  left join lateral (
    select l.expires_on, sum(l.remaining - l.held)::bigint as points from lot l
     where l.member_id = n.member_id and l.open and l.kind in ('limited', 'regular')
       and l.expires_on = any(:days::date[])
     group by 1 having sum(l.remaining - l.held) > 0) e on n.status in ('active', 'frozen')
 where e.points is not null or n.member_id = (select max(member_id) from next)
 order by n.member_id, e.expires_on;

-- name: tell_expiring
-- Note that members are told, pass on the events, and leave a message for each person and channel; gives whom. What was
-- told before is passed by. A household's people are told who may spend its points; one contact of several once.
with told as (
  insert into expiry_notice (member_id, expires_on, days, points, told_at)
  select u.member_id, u.expires_on, u.days, u.points, :now
    from unnest(:members::bigint[], :ons::date[], :days::bigint[], :points::bigint[])
      as u (member_id, expires_on, days, points)
  on conflict do nothing
  returning member_id, expires_on, days
), asked as (
  select u.* from unnest(:members::bigint[], :ons::date[], :days::bigint[], :bodies::text[], :details::text[])
      as u (member_id, expires_on, days, body, details)
  join told using (member_id, expires_on, days)
), events as (
  insert into outbox (member_id, outbox_id, topic, recorded_at, body)
  select a.member_id, nextval('act_id_seq') * 4096, 'points.expiring', :now, a.body from asked a
), people as (
  select distinct a.member_id, a.expires_on, a.details,
         case when m.household then coalesce(p.survivor_id, p.member_id) else m.member_id end as person
    from asked a
    join member m on m.member_id = a.member_id
    left join household_member h
           on m.household and h.household_id = a.member_id and h.state = 'joined' and h.may_spend
    left join member p on p.member_id = h.member_id
   where not m.household or h.member_id is not null
), reached as (
  select distinct on (p.member_id, p.expires_on, c.channel, case when c.channel = 'push' then p.person::text else t.target end)
         p.person, p.expires_on, p.details, c.channel
    from people p
   cross join unnest(:channels::text[]) as c (channel)
   cross join lateral (select notice_target(p.person, c.channel, 'expiring', :now::timestamptz) as target) t
   where t.target is not null
   order by p.member_id, p.expires_on, c.channel, case when c.channel = 'push' then p.person::text else t.target end, p.person
), left_for as (
  insert into notice (member_id, kind, channel, details, send_from, drop_from, made_at, changed_at)
  select r.person, 'expiring', r.channel, r.details::json, :send_from,
         (r.expires_on + 1)::timestamp at time zone :zone, :now, :now
    from reached r
)
select member_id, expires_on, days from told;

-- name: tell_push!
-- Messages to browsers about events of the feed: to the person who was presented with the sale, else to the member, of a
-- household to the people who may spend its points.
with asked as (
  select u.*, coalesce(p.member_as_presented, u.member_id) as whose
    from unnest(:members::bigint[], :purchases::text[], :kinds::text[], :details::text[], :send_froms::timestamptz[])
      as u (member_id, purchase_id, kind, details, send_from)
    left join purchase p on p.member_id = u.member_id and p.purchase_id = u.purchase_id and p.member_as_presented > 0
), people as (
  select a.kind, a.details, a.send_from, coalesce(h.member_id, a.whose) as person
    from asked a
    join member m on m.member_id = a.whose
    left join household_member h on m.household and h.household_id = a.whose and h.state = 'joined' and h.may_spend
)
insert into notice (member_id, kind, channel, details, send_from, drop_from, made_at, changed_at)
select p.person, p.kind, 'push', p.details::json, p.send_from, p.send_from + interval '1 day', :now, :now
  from people p where notice_target(p.person, 'push', p.kind, :now::timestamptz) is not null;

-- name: any_subscription$
-- Whether any browser takes notifications.
select exists (select from push_subscription);

-- name: give_up_lost$
-- What was on its way when its sender died may have arrived: it is not sent again. How many.
with lost as (
  update notice set state = 'failed', changed_at = :now
   where state = 'sending' and changed_at < :before returning 1
)
select count(*) from lost;

-- name: take
-- Notices whose time has come, for this sender alone, with the contact each may go to now.
with next as (
  select member_id, notice_id from notice where state = 'waiting' and send_from <= :now
   order by send_from limit :rows for update skip locked
), taken as (
  update notice n set state = 'sending', tries = n.tries + 1, changed_at = :now
    from next where n.member_id = next.member_id and n.notice_id = next.notice_id
  returning n.member_id, n.notice_id, n.kind, n.channel, n.details::text as details, n.tries, n.drop_from <= :now as late
)
select t.*, notice_target(t.member_id, t.channel, t.kind, :now::timestamptz) as target,
       (select s.language from member m join member s on s.member_id = coalesce(m.survivor_id, m.member_id)
         where m.member_id = t.member_id) as language
  from taken t order by t.notice_id;

-- name: settle!
-- What became of notices that were taken; those to be sent again wait until then.
update notice n set state = u.state, send_from = coalesce(u.send_from, n.send_from), changed_at = :now
  from unnest(:members::bigint[], :notices::bigint[], :states::text[], :again::timestamptz[])
    as u (member_id, notice_id, state, send_from)
 where n.member_id = u.member_id and n.notice_id = u.notice_id and n.state = 'sending';

-- name: subscriptions_of
-- The browsers of a person in which somebody is signed in, in the order in which they came.
select s.member_id, s.handle, s.endpoint, s.p256dh, s.auth, s.language, s.kinds
  from member p
  join member m on coalesce(m.survivor_id, m.member_id) = coalesce(p.survivor_id, p.member_id)
   and (m.member_id = coalesce(p.survivor_id, p.member_id) or m.survivor_id is not null)
  join push_subscription s on s.member_id = m.member_id
  join member_device d on d.handle = s.handle and d.ended_at is null and d.ends_at > :now
 where p.member_id = :member_id
 order by s.made_at, s.handle;

-- name: put_subscription!
-- This browser takes notifications from now on, of these kinds.
insert into push_subscription (member_id, handle, endpoint, p256dh, auth, language, kinds, made_at)
values (:member_id, :handle, :endpoint, :p256dh, :auth, :language, :kinds, :now)
    on conflict (member_id, handle) do update
   set endpoint = excluded.endpoint, p256dh = excluded.p256dh, auth = excluded.auth, language = excluded.language,
       kinds = excluded.kinds;

-- name: drop_subscription$
-- A browser takes none any more; whether it did.
with gone as (delete from push_subscription where member_id = :member_id and handle = :handle returning 1)
select exists (select from gone);

-- name: drop_dead$
-- A push service knows this subscription no more; another one that the browser made since stays.
with gone as (
  delete from push_subscription where member_id = :member_id and handle = :handle and endpoint = :endpoint returning 1
)
select exists (select from gone);

-- name: drop_ended$
-- Subscriptions of devices that were signed out, or are gone; how many.
with gone as (
  delete from push_subscription s
   where not exists (select from member_device d where d.handle = s.handle and d.ended_at is null and d.ends_at > :now)
  returning 1
)
select count(*) from gone;

-- name: push_key$
-- The key that notifications are signed with; null where none has been made.
select private_key from push_key;

-- name: add_push_key!
-- Make it; who comes second keeps what is there.
insert into push_key (private_key, made_at) values (:private_key, :now) on conflict (key_id) do nothing;

-- name: purge_notices$
-- Forget a piece of the notices of long ago; how many.
with old as (
  select member_id, notice_id from notice where made_at < :before and state not in ('waiting', 'sending') limit :rows
), gone as (
  delete from notice n using old where n.member_id = old.member_id and n.notice_id = old.notice_id returning 1
)
select count(*) from gone;

-- name: purge_told$
-- Forget a piece of what was told of days long past; how many.
with old as (
  select member_id, expires_on, days from expiry_notice where expires_on < :before limit :rows
), gone as (
  delete from expiry_notice e using old
   where (e.member_id, e.expires_on, e.days) = (old.member_id, old.expires_on, old.days) returning 1
)
select count(*) from gone;
