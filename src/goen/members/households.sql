-- name: add_pool!
-- A household's own row: no person, without names, card or PIN.
insert into member (member_id, number, household, joined_at, changed_at)
values (:member_id, :number, true, :now, :now);

-- name: close_pool!
-- A household that was dissolved.
update member set status = 'withdrawn', withdrawn_at = :now, changed_at = :now, version = version + 1
 where member_id = :household_id and household;

-- name: people
-- Who is of a household or was invited, in the order they came; those who left are left out.
select h.member_id, m.number, h.joining, h.head, h.may_spend, h.state, h.split, h.invited_at, h.joined_at
  from household_member h
  join member m on m.member_id = h.member_id
 where h.household_id = :household_id and h.state <> 'left'
 order by h.joined_at nulls last, h.invited_at, h.member_id;

-- name: latest^
-- A member's newest place in a household, left ones included.
select joining, state, split from household_member
 where member_id = :member_id and household_id = :household_id order by joining desc limit 1;

-- name: invite!
-- Somebody may join.
insert into household_member (member_id, household_id, joining, head, may_spend, state, invited_at)
values (:member_id, :household_id, :joining, :head, :may_spend, 'invited', :now);

-- name: join_household!
-- An invited member joins: from now on its sales are booked with the household, by whichever of its names.
with joined as (
  update household_member set state = 'joined', joined_at = :now
   where member_id = :member_id and household_id = :household_id and state = 'invited'
  returning member_id, household_id, may_spend
)
update member m set pool_id = j.household_id, pool_spend = j.may_spend, changed_at = :now, version = m.version + 1
  from joined j where m.member_id = j.member_id or m.survivor_id = j.member_id;

-- name: set_place!
-- What a member may do, or is, in a household.
with changed as (
  update household_member set head = :head, may_spend = :may_spend
   where member_id = :member_id and household_id = :household_id and state = 'joined'
  returning member_id
)
update member m set pool_spend = :may_spend, version = m.version + 1
  from changed c where m.member_id = c.member_id or m.survivor_id = c.member_id;

-- name: set_leaving!
-- A member is about to leave with so many points, or stays after all (state joined).
update household_member set state = :state, split = :split
 where member_id = :member_id and household_id = :household_id and state in ('joined', 'leaving');

-- name: leave_household!
-- A member, or one who was invited, is of the household no more.
with gone as (
  update household_member set state = 'left', left_at = :now
   where member_id = :member_id and household_id = :household_id and state <> 'left'
  returning member_id
)
update member m set pool_id = null, pool_spend = false, changed_at = :now, version = m.version + 1
  from gone g where (m.member_id = g.member_id or m.survivor_id = g.member_id) and m.pool_id = :household_id;

-- name: places
-- The households a member is of, was invited to or is leaving.
select household_id, state, head from household_member
 where member_id = :member_id and state <> 'left' order by household_id;

-- name: unpooled
-- People of households whose own books hold or owe something, after a number.
select m.member_id, m.pool_id, a.seq, p.seq as pool_seq
  from member m
  join member_account a on a.member_id = m.member_id
  join member_account p on p.member_id = m.pool_id
  join household_member h on h.member_id = m.member_id and h.household_id = m.pool_id and h.state = 'joined'
 where m.pool_id is not null and m.member_id > :after and a.booked - a.held <> 0
 order by m.member_id limit :count;

-- name: unheaded
-- Dissolved households whose books hold or owe something, after a number, each with its last head, who has not left.
select p.member_id, h.member_id as head_id, a.seq, o.seq as head_seq
  from member p
  join member_account a on a.member_id = p.member_id
 cross join lateral (
    select l.member_id from household_member l
     where l.household_id = p.member_id and l.head and l.state = 'left' order by l.left_at desc limit 1) h
  join member n on n.member_id = h.member_id
  join member m on m.member_id = coalesce(n.survivor_id, n.member_id) and m.status <> 'withdrawn'
  join member_account o on o.member_id = coalesce(m.pool_id, m.member_id)
 where p.household and p.status = 'withdrawn' and p.member_id > :after and a.booked - a.held <> 0
 order by p.member_id limit :count;
