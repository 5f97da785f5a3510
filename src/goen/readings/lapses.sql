-- name: lapses
-- Provisional members who did not register in time, newest first, after a place in the list. Read-only.
select l.member_id, m.number, l.register_by, l.points, l.lapsed_at
  from member_lapse l
  join member m on m.member_id = l.member_id
 where (:since::timestamptz is null or l.lapsed_at >= :since::timestamptz)
   and (:until::timestamptz is null or l.lapsed_at < :until::timestamptz)
   and (:before::timestamptz is null or (l.lapsed_at, l.member_id) < (:before::timestamptz, :member::bigint))
 order by l.lapsed_at desc, l.member_id desc limit :count::bigint;
