-- name: person_met
-- A member and everybody merged into it, with the contacts they carry, proven ones first. Read-only.
select m.member_id, m.status, m.household, m.name, m.kana, m.gender, m.birth_date, m.postal_code, m.address,
       array(select i.kind || ':' || i.normal from member_identifier i
              where i.member_id = m.member_id and i.removed_at is null and i.kind in ('phone', 'email')
              order by i.verified_at nulls last, i.identifier_id) as contacts,
       array(select i.kind || ':' || i.normal from member_identifier i
              where i.member_id = m.member_id and i.removed_at is null and i.verified_at is not null
                and i.kind in ('phone', 'email')) as proven
  from member m where m.member_id = :member_id or m.survivor_id = :member_id order by m.member_id;

-- name: who_carries
-- Other persons who carry one of these contacts, at most so many and one more. Read-only.
select distinct coalesce(m.survivor_id, m.member_id) as member_id
  from unnest(:hashes::bigint[], :kinds::text[], :normals::text[]) as c (key_hash, kind, normal)
  join identifier_key k on k.key_hash = c.key_hash and k.kind = c.kind and k.normal = c.normal
  join member m on m.member_id = k.member_id
 where coalesce(m.survivor_id, m.member_id) <> :member_id
 order by 1 limit :most + 1;

-- name: said_different
-- Those of these pairs of which a person has said that they are two. Read-only.
select case when member_id = :member_id then other_id else member_id end as other_id from match_review
 where state = 'not_same'
   and (member_id = :member_id and other_id = any(:others::bigint[])
     or other_id = :member_id and member_id = any(:others::bigint[]));
