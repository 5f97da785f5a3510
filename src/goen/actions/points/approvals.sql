-- name: ask$
-- Points by hand that wait for a second person; null where this form was sent before.
insert into adjustment_request (member_id, points, reason, note, asked_by, asked_key, asked_at)
values (:member_id, :points, :reason, :note, :asked_by, :asked_key, :now)
    on conflict on constraint adjustment_request_asked_key do nothing returning request_id;

-- name: request^
-- One of them.
select member_id, request_id, points, reason, note, asked_by, asked_at, state, decided_by, decided_at
  from adjustment_request where member_id = :member_id and request_id = :request_id;

-- name: moved$
-- What becomes of it; null where it is in none of these states any more.
update adjustment_request set state = :state, decided_by = :by, decided_at = :now
 where member_id = :member_id and request_id = :request_id and state = any(:was::text[]) returning request_id;

-- name: waits_again!
-- What could not be moved waits again, where nobody else is approving it by now.
update adjustment_request set state = 'asked', decided_by = null, decided_at = null
 where member_id = :member_id and request_id = :request_id and state = 'approving' and decided_by = :by;

-- name: waiting$
-- How many wait for somebody else than this person.
select count(*) from adjustment_request where state in ('asked', 'approving') and asked_by <> :by;

-- name: open
-- Those that wait, the oldest first.
select member_id, request_id, points, reason, note, asked_by, asked_at, state, decided_by, decided_at
  from adjustment_request where state in ('asked', 'approving') order by asked_at, member_id, request_id limit :limit;

-- name: decided
-- Those that were decided, the latest first.
select member_id, request_id, points, reason, note, asked_by, asked_at, state, decided_by, decided_at
  from adjustment_request where state in ('approved', 'declined')
 order by request_id desc limit :limit;
