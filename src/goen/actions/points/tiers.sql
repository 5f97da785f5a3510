-- name: let_go!
-- What won this tier came back: nothing holds it any more. A higher one that was reached since stays held.
update member_tier set kept_until = null, version = version + 1
 where member_id = :member_id and programme = :programme and tier = :tier and kept_until = :kept_until;
