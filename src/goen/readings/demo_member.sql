-- name: demo_member$
-- The member of whom the books have most. Read-only.
select a.member_id from member_account a
  join member m on m.member_id = a.member_id and m.status = 'active' and not m.household
 order by a.seq desc, a.member_id limit 1;
