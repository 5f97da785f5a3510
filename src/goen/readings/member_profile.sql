-- name: profiles
-- Members in the order asked, with the code of their shop; of a merged one the survivor. Read-only.
select m.member_id, m.number, m.status, m.name, m.kana, m.birth_date, m.gender, m.postal_code, m.address,
       m.language, s.code as shop, m.tier, m.joined_at, m.changed_at, m.withdrawn_at, m.register_by, m.pool_id
  from unnest(:member_ids::bigint[]) with ordinality as asked (member_id, place)
  join member p on p.member_id = asked.member_id
  join member m on m.member_id = coalesce(p.survivor_id, p.member_id)
  left join shop s on s.shop_id = m.shop_id
 order by asked.place;

-- name: identifiers_of
-- The names these members have now, oldest first, those of members merged into them included. Read-only.
select f.member_id, i.identifier_id, i.kind, i.value, i.normal, s.code as shop, i.verified_at, i.added_at
  from (select distinct coalesce(p.survivor_id, p.member_id) as member_id
          from member p where p.member_id = any(:member_ids::bigint[])) f
  cross join lateral (select f.member_id as owner_id
                      union all
                      select a.member_id from member a where a.survivor_id = f.member_id) o
  join member_identifier i on i.member_id = o.owner_id and i.removed_at is null
  left join shop s on s.shop_id = i.shop_id
 order by i.identifier_id;
