-- name: add_steps!
-- What acts did to the points of members into whom others are merged, in the order of the acts.
insert into merge_step (member_id, act_id, at, presented_id, shared, body)
select u.member_id, u.act_id, :at::timestamptz, u.presented_id, u.shared, u.body
  from unnest(:members::bigint[], :acts::bigint[], :presented::bigint[], :shared::boolean[], :bodies::json[])
       with ordinality as u (member_id, act_id, presented_id, shared, body, n)
 order by u.n;

-- name: note_borrowed!
-- Of lots that come from another account, what had expired of them there.
update lot l set expired_before = u.expired
  from unnest(:members::bigint[], :lots::bigint[], :expired::bigint[]) as u (member_id, lot_id, expired)
 where l.member_id = u.member_id and l.lot_id = u.lot_id;

-- name: note_late!
-- An evaluation day did not know of a sale; it is repeated for these members.
insert into tier_due (member_id, why, at) select u.member_id, 'late', :at::timestamptz from unnest(:members::bigint[]) as u (member_id)
 order by u.member_id
    on conflict (member_id, source_id) do update set at = excluded.at;
