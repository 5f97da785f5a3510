-- name: family
-- Who a member is one with: the survivor first, then everybody merged into it; and where their rows may stand besides,
-- since an undone merge leaves them where they were written. Read-only.
with recursive root as (
  select coalesce(survivor_id, member_id) as member_id from member where member_id = :member_id
), members as (
  select member_id, 0 as rank from root
  union all
  select m.member_id, 1 from root r join member m on m.survivor_id = r.member_id
), homes (member_id) as (
  select member_id from members
  union
  select g.survivor_id from homes h join member_merge g on g.member_id = h.member_id
)
select h.member_id, m.rank from homes h left join members m using (member_id) order by m.rank nulls last, h.member_id;

-- name: survivor$
-- Who holds a member's points now: the member, after a merge the survivor, in a household its pool; null where there
-- is nobody.
select coalesce(pool_id, survivor_id, member_id) from member where member_id = :member_id;

-- name: survivor_then$
-- Who held a member's points at a past instant; null where there is nobody.
with recursive root (member_id, depth) as (
  select m.member_id, 0 from member m where m.member_id = :member_id
  union all
  select g.survivor_id, r.depth + 1
    from root r
    join member_merge g on g.member_id = r.member_id and g.merged_at <= :at
     and (g.undone_at is null or g.undone_at > :at)
)
select member_id from root order by depth desc limit 1;
