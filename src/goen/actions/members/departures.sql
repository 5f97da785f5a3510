-- name: mark$
-- Which books these are.
select mark from installation;

-- name: copies
-- Copies that are still there as far as we know, oldest first.
select copy_id, folder, taken_at, keep_until from copy_taken where gone_at is null order by taken_at, copy_id;

-- name: note_copy!
-- A copy stands in this folder now; one that stood there before is gone.
with before as (
  update copy_taken set gone_at = :taken_at where folder = :folder and gone_at is null
)
insert into copy_taken (folder, taken_at, keep_until) values (:folder, :taken_at, :keep_until);

-- name: copy_gone!
-- The copy is gone.
update copy_taken set gone_at = :now where copy_id = :copy_id;
