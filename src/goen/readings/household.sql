-- name: household^
-- A household's own row. Read-only.
select status, joined_at from member where member_id = :household_id and household;
