-- name: recent_sales
-- Sales told in a stretch of the feed, newest first; positions are its primary key, so a stretch is what is read. Whose
-- a sale is says who was presented or claimed it: a household's person, or one who was merged since.
select f.position, f.shop_id, f.body, coalesce(p.claimed_by, p.member_as_presented, f.member_id) as member_id
  from (select position, member_id, shop_id, body, body::json->>'purchase_id' as purchase_id from feed
         where position > :low and position < :before and topic = 'purchase.recorded'
           and (cardinality(:shops::bigint[]) = 0 or shop_id = any(:shops))
         order by position desc limit :limit) f
  left join purchase p on p.member_id = f.member_id and p.purchase_id = f.purchase_id
 order by f.position desc;

-- name: recent_sales_oldest
-- The same, oldest first.
select f.position, f.shop_id, f.body, coalesce(p.claimed_by, p.member_as_presented, f.member_id) as member_id
  from (select position, member_id, shop_id, body, body::json->>'purchase_id' as purchase_id from feed
         where position > :low and position < :before and topic = 'purchase.recorded'
           and (cardinality(:shops::bigint[]) = 0 or shop_id = any(:shops))
         order by position limit :limit) f
  left join purchase p on p.member_id = f.member_id and p.purchase_id = f.purchase_id
 order by f.position;

-- name: names
-- Names and numbers of members; of a merged one those of the survivor, under the number asked for.
select p.member_id, m.member_id as root_id, m.number, m.name, m.kana
  from member p join member m on m.member_id = coalesce(p.survivor_id, p.member_id)
 where p.member_id = any(:member_ids::bigint[]);
