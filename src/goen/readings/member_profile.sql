-- name: profiles
-- Members in the order asked, with the code of their shop. Read-only.
select m.member_id, m.number, m.status, m.name, m.kana, m.birth_date, m.gender, m.postal_code, m.address,
       m.language, s.code as shop, m.tier, m.joined_at, m.changed_at, m.withdrawn_at, m.register_by, m.pool_id
  from unnest(:member_ids::bigint[]) with ordinality as asked (member_id, place)
  join member m on m.member_id = asked.member_id
  left join shop s on s.shop_id = m.shop_id
 order by asked.place;

-- name: identifiers_of
-- The names these members have now, oldest first. Read-only.
select i.member_id, i.identifier_id, i.kind, i.value, i.normal, s.code as shop, i.verified_at, i.added_at
  from member_identifier i
  left join shop s on s.shop_id = i.shop_id
 where i.member_id = any(:member_ids) and i.removed_at is null
 order by i.identifier_id;
