-- name: latest_model(version)^
-- The weights learned last for these comparisons.
select model_id, weights, records, learned_at from match_model where version = :version order by model_id desc limit 1;

-- name: add_model(version, records, weights, now)$
-- Keep weights; gives their number.
insert into match_model (version, records, weights, learned_at) values (:version, :records, :weights, :now)
returning model_id;

-- name: begin_run(author, now)$
-- A run begins; gives its number.
insert into match_run (state, author, started_at) values ('running', :author, :now) returning run_id;

-- name: end_run(run_id, state, model_id, counts, now)!
-- How a run ended.
update match_run set state = :state, model_id = :model_id, counts = :counts, finished_at = :now where run_id = :run_id;

-- name: last_run_started()$
-- When a run began last.
select max(started_at) from match_run;

-- name: ask(run_id, now, members, others, certain, probabilities, evidence)!
-- Put pairs in the queue or bring them up to date; what a person has decided stays as it is.
insert into match_review (member_id, other_id, certain, probability, evidence, run_id, found_at)
select u.member_id, u.other_id, u.certain, u.probability, u.evidence, :run_id, :now
  from unnest(:members::bigint[], :others::bigint[], :certain::bool[], :probabilities::float8[], :evidence::json[])
       u (member_id, other_id, certain, probability, evidence)
on conflict (member_id, other_id) do update
   set certain = excluded.certain, probability = excluded.probability, evidence = excluded.evidence,
       run_id = excluded.run_id
 where match_review.state = 'open';

-- name: withdraw_unseen(run_id, rows_max)$
-- Questions that this run no longer asks go; how many of at most so many.
with old as (
  select member_id, other_id from match_review where state = 'open' and run_id <> :run_id limit :rows_max
), gone as (
  delete from match_review r using old
   where (r.member_id, r.other_id) = (old.member_id, old.other_id) and r.state = 'open' returning 1
)
select count(*) from gone;

-- name: not_same()
-- Pairs that a person has said are two persons.
select member_id, other_id from match_review where state = 'not_same';

-- name: locked(member_id, other_id)^
-- One pair, for its decision.
select member_id, other_id, state, certain, probability, evidence, found_at, decided_at, decided_by, reason, merged
  from match_review where member_id = :member_id and other_id = :other_id for update;

-- name: decide(member_id, other_id, state, author, reason, merged, now)!
-- What a person decided.
update match_review
   set state = :state, decided_at = :now, decided_by = :author, reason = :reason, merged = :merged
 where member_id = :member_id and other_id = :other_id;

-- name: reopen(member_id, other_id)!
-- What a person decided is asked again.
update match_review set state = 'open', decided_at = null, decided_by = null, reason = null
 where member_id = :member_id and other_id = :other_id;

-- name: waiting(most)$
-- How many pairs wait for somebody whose members are both still there; counted up to so many.
select count(*) from (
  select from match_review r
    join member one on one.member_id = r.member_id and one.status in ('active', 'frozen')
    join member other on other.member_id = r.other_id and other.status in ('active', 'frozen')
   where r.state = 'open' limit :most) w;

-- name: note_merged(member_id, other_id)!
-- The two have been merged since.
update match_review set merged = true where member_id = :member_id and other_id = :other_id;
