-- name: has_pin$
-- Whether the member has set a PIN. Read-only.
select pin_hash is not null from member where member_id = :member_id;

-- name: all_identifiers
-- Every name the member has or had, and those merged into it. Read-only.
select i.identifier_id, i.kind, i.value, i.normal, s.code as shop, i.verified_at, i.added_at, i.removed_at
  from member_identifier i
  left join shop s on s.shop_id = i.shop_id
 where i.member_id = any(:members::bigint[])
 order by i.identifier_id;

-- name: notes
-- What was written down about the member and those merged into it, oldest first. Read-only.
select at, author, action, reason, note, details::text as details
  from audit where anchor = any(:members::bigint[]) order by audit_id;
