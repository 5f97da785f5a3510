-- name: merges
-- Who was merged into these, and which of these into others, the latest first. Read-only.
select g.merge_id, g.survivor_id, g.merged_at, g.reason, g.undone_at, m.member_id, m.number, m.name, m.kana,
       s.status = 'merged' as inner
  from member_merge g
  join member m on m.member_id = g.member_id
  join member s on s.member_id = g.survivor_id
 where g.survivor_id = any(:member_ids::bigint[]) or g.member_id = any(:member_ids::bigint[])
 order by g.merged_at desc, g.merge_id;

-- name: merge^
-- One merge. Read-only.
select g.merge_id, g.survivor_id, g.merged_at, g.reason, g.undone_at, m.member_id, m.number, m.name, m.kana,
       s.status = 'merged' as inner
  from member_merge g
  join member m on m.member_id = g.member_id
  join member s on s.member_id = g.survivor_id
 where g.member_id = :member_id and g.merge_id = :merge_id;
