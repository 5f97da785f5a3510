-- name: jobs()
-- The last run of each background job.
select job, extract(epoch from finished_at)::float8 as finished_at, seconds, runs, failures, outcome = 'failed' as failed
  from job_run order by job;

-- name: findings()
-- How many findings of each invariant are open.
select invariant, count(*) as findings from invariant_finding where gone_at is null group by invariant order by invariant;

-- name: feed()^
-- Where the feed is, and since when the oldest event waits to be numbered.
select head.position, extract(epoch from (select recorded_at from outbox order by recorded_at, outbox_id limit 1))::float8
         as waiting_since
  from feed_head head where head.feed_id = 1;

-- name: webhooks()
-- How far each endpoint is behind, and how it does.
select c.endpoint_id, head.position - c.position as behind, c.failures, e.disabled_at is not null as disabled
  from webhook_cursor c
  join webhook_endpoint e using (endpoint_id)
  join feed_head head on head.feed_id = 1
 order by c.endpoint_id;
