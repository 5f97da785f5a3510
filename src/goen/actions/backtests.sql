-- name: add_run$
-- A back-test that is about to begin.
insert into backtest_run (campaign, version, first, last, made_by, made_at, told_at)
values (:campaign, :version, :first, :last, :made_by, :now, :now) returning run_id;

-- name: tell_run!
-- How far it is.
update backtest_run set done = :done, sales = :sales, told_at = :now where run_id = :run_id and state = 'running';

-- name: end_run!
-- What it found; null: it failed.
update backtest_run set state = case when :answer::json is null then 'failed' else 'done' end, answer = :answer::json,
       told_at = :now where run_id = :run_id;

-- name: runs
-- The latest back-tests of a campaign.
select run_id, campaign, version, first, last, made_by, made_at, state, done, sales, told_at, answer::text as answer
  from backtest_run where campaign = :campaign order by run_id desc limit :limit;
