-- name: add_endpoint(url, topics, secret, created_by, created_at)$
-- A new endpoint; gives its number.
insert into webhook_endpoint (url, topics, secret, created_by, created_at)
values (:url, :topics, :secret, :created_by, :created_at) returning endpoint_id;

-- name: start_cursor(endpoint_id)!
-- It hears what comes from now on.
insert into webhook_cursor (endpoint_id, position) select :endpoint_id, position from feed_head where feed_id = 1;

-- name: remove_endpoint(endpoint_id)$
-- Endpoint, cursor, deliveries and replays; null where there is none.
delete from webhook_endpoint where endpoint_id = :endpoint_id returning endpoint_id;

-- name: disable_endpoint(endpoint_id, disabled_at, reason)$
-- Send nothing more; null where that was so already.
update webhook_endpoint set disabled_at = :disabled_at, disabled_reason = :reason
 where endpoint_id = :endpoint_id and disabled_at is null returning endpoint_id;

-- name: enable_endpoint(endpoint_id)$
-- Send again; null where there is no such endpoint.
update webhook_endpoint set disabled_at = null, disabled_reason = null
 where endpoint_id = :endpoint_id returning endpoint_id;

-- name: forgive(endpoint_id)!
-- Forget an endpoint's bad health: it was enabled, or somebody asks for a replay and wants it now.
update webhook_cursor set failures = 0, failing_since = null, paused_until = null where endpoint_id = :endpoint_id;

-- name: endpoints(endpoint_id)
-- One endpoint, or all of them.
select endpoint_id, url, topics, created_at, disabled_at, disabled_reason from webhook_endpoint
 where :endpoint_id::bigint is null or endpoint_id = :endpoint_id
 order by endpoint_id;

-- name: ready(now)
-- Endpoints that may be sent to, how far each has come, and whether something older than that is due.
select c.endpoint_id, c.position,
       exists (select from webhook_delivery d
                where d.endpoint_id = c.endpoint_id and d.state = 'retrying' and d.next_at <= :now)
       or exists (select from webhook_replay r
                   where r.endpoint_id = c.endpoint_id and r.position < r.to_position) as due
  from webhook_cursor c
  join webhook_endpoint e using (endpoint_id)
 where e.disabled_at is null and (c.paused_until is null or c.paused_until <= :now);

-- name: round(endpoint_id)^
-- What a courier needs to know of an endpoint; nothing where it is gone or disabled.
select e.url, e.topics, e.created_at, e.secret, c.position, c.failures, c.failing_since, c.paused_until,
       r.replay_id, r.position as replay_position, r.to_position
  from webhook_endpoint e
  join webhook_cursor c using (endpoint_id)
  left join lateral (
    select replay_id, position, to_position from webhook_replay
     where endpoint_id = e.endpoint_id and position < to_position
     order by replay_id limit 1) r on true
 where e.endpoint_id = :endpoint_id and e.disabled_at is null;

-- name: due(endpoint_id, now, rows_max)
-- Events to be sent again, the oldest first. Without a body: purged meanwhile.
select d.position, d.topic, coalesce(f.member_id, 0) as member_id, coalesce(f.recorded_at, d.last_at) as recorded_at,
       f.body, d.attempts
  from webhook_delivery d
  left join feed f using (position)
 where d.endpoint_id = :endpoint_id and d.state = 'retrying' and d.next_at <= :now
 order by d.position limit :rows_max;

-- name: advance(endpoint_id, position, failures, failing_since, paused_until)$
-- How far an endpoint has come now, and its health; null where it was removed meanwhile.
update webhook_cursor
   set position = greatest(position, :position), failures = :failures, failing_since = :failing_since,
       paused_until = :paused_until
 where endpoint_id = :endpoint_id returning endpoint_id;

-- name: keep_deliveries(endpoint_id, positions, topics, states, attempts, statuses, errors, last_ats, next_ats)!
-- The last attempt of each of these events.
insert into webhook_delivery (endpoint_id, position, topic, state, attempts, status, error, last_at, next_at)
select :endpoint_id, u.*
  from unnest(:positions::bigint[], :topics::text[], :states::text[], :attempts::bigint[], :statuses::smallint[],
              :errors::text[], :last_ats::timestamptz[], :next_ats::timestamptz[]) u
on conflict (endpoint_id, position) do update
   set state = excluded.state, attempts = excluded.attempts, status = excluded.status, error = excluded.error,
       last_at = excluded.last_at, next_at = excluded.next_at;

-- name: replayed(endpoint_id, replay_id, position)!
-- How far a replay has come.
update webhook_replay set position = :position where endpoint_id = :endpoint_id and replay_id = :replay_id;

-- name: add_replay(endpoint_id, position, to_position, asked_by, asked_at)$
-- A stretch of the feed to be sent again; null where there is no such endpoint.
insert into webhook_replay (endpoint_id, position, to_position, asked_by, asked_at)
select endpoint_id, :position, :to_position, :asked_by, :asked_at from webhook_endpoint
 where endpoint_id = :endpoint_id returning replay_id;

-- name: deliveries(endpoint_id, before, state, rows_max)
-- Last attempts at an endpoint before a position, the newest event first.
select position, topic, state, attempts, status, error, last_at, next_at from webhook_delivery
 where endpoint_id = :endpoint_id and position < :before and (:state::text is null or state = :state)
 order by position desc limit :rows_max;

-- name: purge_deliveries(delivered_before, all_before, rows_max)$
-- Forget a piece of what is old: what arrived sooner than what did not; how many rows.
with old as (
  select endpoint_id, position from webhook_delivery
   where state <> 'retrying' and last_at < :all_before or state = 'delivered' and last_at < :delivered_before
   limit :rows_max
), gone as (
  delete from webhook_delivery d using old where (d.endpoint_id, d.position) = (old.endpoint_id, old.position)
  returning 1
)
select count(*) from gone;
