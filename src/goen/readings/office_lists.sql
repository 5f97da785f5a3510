-- name: members_oldest
-- Members in the order in which they came, after a place; by state, tier, and the shop where they joined. Those merged
-- into others and households are no members of their own. Read-only.
select m.member_id
  from member m
 where m.status <> 'merged' and not m.household and m.member_id > :after
   and (:status::text = '' or m.status = :status)
   and (:shop_id::bigint = 0 or m.shop_id = :shop_id)
   and (:tier::text = '' or m.tier = :tier)
 order by m.member_id limit :limit;

-- name: members_newest
-- The same, newest first, by the key itself.
select m.member_id
  from member m
 where m.status <> 'merged' and not m.household and m.member_id < :after
   and (:status::text = '' or m.status = :status)
   and (:shop_id::bigint = 0 or m.shop_id = :shop_id)
   and (:tier::text = '' or m.tier = :tier)
 order by m.member_id desc limit :limit;

-- name: audit_newest
-- What was done by hand, newest first: by whom, what kind of thing (before its dot), and between two moments.
select audit_id, anchor, at, author, action, reason, note, details::text as details from audit
 where audit_id < :after
   and (:author::text = '' or position(lower(:author) in lower(author)) > 0)
   and (:room::text = '' or split_part(action, '.', 1) = :room)
   and at >= :since and at < :until
 order by audit_id desc limit :limit;

-- name: audit_oldest
-- The same, oldest first.
select audit_id, anchor, at, author, action, reason, note, details::text as details from audit
 where audit_id > :after
   and (:author::text = '' or position(lower(:author) in lower(author)) > 0)
   and (:room::text = '' or split_part(action, '.', 1) = :room)
   and at >= :since and at < :until
 order by audit_id limit :limit;
