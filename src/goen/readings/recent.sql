-- name: recent_sales
-- Sales told in a stretch of the feed, newest first; positions are its primary key, so a stretch is what is read.
select position, member_id, shop_id, recorded_at, body from feed
 where position > :low and position < :before and topic = 'purchase.recorded'
   and (cardinality(:shops::bigint[]) = 0 or shop_id = any(:shops))
 order by position desc limit :limit;

-- name: names
-- Names and numbers of members.
select member_id, number, name, kana from member where member_id = any(:member_ids::bigint[]);

-- name: audit_rows
-- What was done by hand, newest first.
select audit_id, anchor, at, author, action, reason, note, details::text as details from audit
 where audit_id < :before order by audit_id desc limit :limit;
