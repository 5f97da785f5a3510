-- name: members_to_match(after, rows_max)
-- Members with what tells them apart and their contacts, verified ones first, in the order of their numbers.
select m.member_id, m.name, m.kana, m.gender, m.birth_date, m.postal_code, m.address,
       coalesce(c.phones, '{}') as phones, coalesce(c.emails, '{}') as emails
  from (select member_id, name, kana, gender, birth_date, postal_code, address
          from member where member_id > :after and status in ('active', 'frozen')
         order by member_id limit :rows_max) m
  left join lateral (
    select array_agg(i.normal order by i.verified_at nulls last, i.identifier_id) filter (where i.kind = 'phone') as phones,
           array_agg(i.normal order by i.verified_at nulls last, i.identifier_id) filter (where i.kind = 'email') as emails
      from member_identifier i
     where i.member_id = m.member_id and i.removed_at is null and i.kind in ('phone', 'email')) c on true
 order by m.member_id;
