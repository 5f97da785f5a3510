-- name: started_at()
-- When each job ran last.
select job, started_at from job_run;

-- name: last_start(job)$
-- When this job ran last.
select started_at from job_run where job = :job;

-- name: start(job, now)!
-- A run begins. Words of an earlier failure stay until the next one.
insert into job_run (job, started_at, runs) values (:job, :now, 1)
on conflict (job) do update
   set started_at = excluded.started_at, finished_at = null, outcome = null, seconds = null, done = null,
       runs = job_run.runs + 1;

-- name: finish(job, now, outcome, seconds, done, error)!
-- A run has ended, one way or another.
update job_run
   set finished_at = :now, outcome = :outcome, seconds = :seconds, done = :done,
       error = coalesce(:error, error), failed_at = case when :error::text is null then failed_at else :now end,
       failures = failures + case when :error::text is null then 0 else 1 end
 where job = :job;

-- name: try_lock(job)$
-- Whether this job is ours now, until the session ends or it is given back.
select pg_try_advisory_lock(4736, hashtext(:job));

-- name: unlock(job)$
-- Give it back.
select pg_advisory_unlock(4736, hashtext(:job));

-- name: purge_keys(today, rows_max)$
-- Forget a piece of the idempotency keys whose time is over; how many. Documents' keys have no end.
with old as (
  select key_hash, key_check from act_key where keep_until < :today limit :rows_max
), gone as (
  delete from act_key k using old where (k.key_hash, k.key_check) = (old.key_hash, old.key_check) returning 1
)
select count(*) from gone;

-- name: found_wrong(found_at, invariants, subjects, details)!
-- What a check found: new findings are kept, known ones are seen again.
insert into invariant_finding (invariant, subject, detail, found_at, seen_at)
select distinct on (invariant, subject) invariant, subject, detail, :found_at, :found_at
  from unnest(:invariants::text[], :subjects::text[], :details::text[]) u (invariant, subject, detail)
on conflict (invariant, subject) where gone_at is null do update
   set seen_at = excluded.seen_at, detail = excluded.detail;

-- name: found_right(found_at)!
-- What the check of this moment did not find again is gone.
update invariant_finding set gone_at = :found_at where gone_at is null and seen_at < :found_at;
