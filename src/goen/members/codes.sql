-- name: add_code!
-- A code has been sent.
insert into contact_code (code_hash, code_check, subject, code, expires_at)
values (:code_hash, :code_check, :subject, :code, :expires_at);

-- name: try_code^
-- Count an attempt before it is checked, so that guesses sent side by side count as well; null where none is left.
update contact_code set failures = failures + 1
 where code_hash = :code_hash and code_check = :code_check and subject = :subject
   and confirmed_at is null and expires_at > :now and failures < :failures_max
returning code, failures;

-- name: confirm_code$
-- The code was right: what it proves holds for a while, and wrong ones before it no longer count. Null where another
-- attempt, side by side with this one, was first.
update contact_code set confirmed_at = :now, failures = 0, expires_at = :expires_at
 where code_hash = :code_hash and code_check = :code_check and confirmed_at is null
returning true;

-- name: try_proof$
-- Count a second key that is offered beside a proven contact, before it is compared.
update contact_code set failures = failures + 1
 where code_hash = :code_hash and code_check = :code_check and subject = :subject
   and confirmed_at is not null and used_at is null and expires_at > :now and failures < :failures_max
returning true;

-- name: use_proof$
-- Use up what a confirmed code proves; null where it proves nothing (any more).
update contact_code set used_at = :now
 where code_hash = :code_hash and code_check = :code_check and subject = :subject
   and confirmed_at is not null and used_at is null and expires_at > :now
returning true;

-- name: count_asked^
-- One more in the present window; a window that is over begins anew.
insert into code_quota as q (quota_hash, quota_check, since, asked)
values (:quota_hash, :quota_check, :now, 1)
    on conflict (quota_hash, quota_check) do update
   set since = case when q.since <= :over then excluded.since else q.since end,
       asked = case when q.since <= :over then 1 else q.asked + 1 end
returning since, asked;

-- name: drop_old_codes!
-- Codes and counters of yesterday need no memory.
with gone as (delete from contact_code where expires_at < :before)
delete from code_quota where since < :before;
