-- name: entries
-- Movements of a member's points account, newest first, after a place in that order. Read-only.
select e.seq, e.kind, e.source, e.target, e.points, e.balance_after, e.occurred_at, e.recorded_at, e.booked_on,
       e.shop_id, e.purchase_id, e.reason
  from entry e
 where e.member_id = :member_id and e.seq < :before and (e.source = 'points' or e.target = 'points')
 order by e.seq desc limit :limit;

-- name: entries_of_several
-- The same of several members who are one by now, each in its own books: newest first. Read-only.
select e.seq, e.kind, e.source, e.target, e.points, e.balance_after, e.occurred_at, e.recorded_at, e.booked_on,
       e.shop_id, e.purchase_id, e.reason, e.member_id
  from entry e
 where e.member_id = any(:members::bigint[]) and (e.source = 'points' or e.target = 'points')
   and (:before_at::timestamptz is null or (e.recorded_at, e.member_id, e.seq) < (:before_at, :before_member, :before_seq))
 order by e.recorded_at desc, e.member_id desc, e.seq desc limit :limit;

-- name: sums
-- What each kind of movement came to over a member's whole life; together they are the booked balance. Read-only.
select e.kind, e.source = 'pending' as confirmed,
       sum(case when e.target = 'points' then e.points else -e.points end)::bigint as points
  from entry e
 where e.member_id = :member_id and (e.source = 'points' or e.target = 'points')
 group by 1, 2 order by min(e.seq);
