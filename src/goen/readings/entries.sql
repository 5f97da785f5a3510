-- name: entries
-- Movements of a member's points account, newest first, after a place in that order. Read-only.
select e.seq, e.kind, e.source, e.target, e.points, e.balance_after, e.occurred_at, e.recorded_at, e.booked_on,
       e.shop_id, e.purchase_id, e.reason
  from entry e
 where e.member_id = :member_id and e.seq < :before and (e.source = 'points' or e.target = 'points')
 order by e.seq desc limit :limit;

-- name: sums
-- What each kind of movement came to over a member's whole life; together they are the booked balance. Read-only.
select e.kind, e.source = 'pending' as confirmed,
       sum(case when e.target = 'points' then e.points else -e.points end)::bigint as points
  from entry e
 where e.member_id = :member_id and (e.source = 'points' or e.target = 'points')
 group by 1, 2 order by min(e.seq);
