-- name: members_to_match(after, rows_max)
-- Members with what tells them apart and their contacts, verified ones first. Whoever was merged into another stands
-- here as that member under another name: a maiden name goes on finding its duplicates. In the order of row_id.
select m.row_id, m.member_id, m.name, m.kana, m.gender, m.birth_date, m.postal_code, m.address,
       coalesce(c.phones, '{}') as phones, coalesce(c.emails, '{}') as emails
  from (select p.member_id as row_id, coalesce(p.survivor_id, p.member_id) as member_id, p.name, p.kana, p.gender,
               p.birth_date, p.postal_code, p.address
          from member p
         where p.member_id > :after and p.status in ('active', 'frozen', 'merged') and not p.household
           and (p.survivor_id is null or exists (select from member s where s.member_id = p.survivor_id
                                                    and s.status in ('active', 'frozen')))
         order by p.member_id limit :rows_max) m
  left join lateral (
    select array_agg(i.normal order by i.verified_at nulls last, i.identifier_id) filter (where i.kind = 'phone') as phones,
           array_agg(i.normal order by i.verified_at nulls last, i.identifier_id) filter (where i.kind = 'email') as emails
      from member_identifier i
     where i.member_id = m.row_id and i.removed_at is null and i.kind in ('phone', 'email')) c on true
 order by m.row_id;
