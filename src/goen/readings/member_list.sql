-- name: most_names
-- How many identifiers of a kind one member has at most. Read-only.
select kind, max(n) as most from (
  select i.kind, i.member_id, count(*) as n
    from member_identifier i join member m on m.member_id = i.member_id and i.normal <> m.number
   where i.removed_at is null and m.status not in ('withdrawn', 'merged') and not m.household
   group by 1, 2) c group by kind;

-- name: consent_kinds
-- What members were ever asked to agree to. Read-only.
select distinct kind from member_consent order by kind;

-- name: member_list
-- Active members by number, a page at a time, with names, points and the last word on each consent. Read-only.
select m.member_id, m.number, m.name, m.kana, m.birth_date, m.gender, m.postal_code, m.address, m.language, m.tier,
       s.code as shop, m.joined_at, a.booked,
       coalesce((select json_agg(json_build_array(i.kind, i.value, e.code) order by i.identifier_id)
                   from member_identifier i left join shop e on e.shop_id = i.shop_id
                  where i.member_id = m.member_id and i.removed_at is null and i.normal <> m.number), '[]')::text as names,
       coalesce((select json_object_agg(c.kind, c.given)
                   from (select distinct on (kind) kind, given from member_consent
                          where member_id = m.member_id
                          order by kind, coalesce(given_at, recorded_at) desc, consent_id desc) c), '{}')::text as consents
  from member m
  join member_account a on a.member_id = m.member_id
  left join shop s on s.shop_id = m.shop_id
 where m.member_id > :after and m.status not in ('withdrawn', 'merged') and not m.household
 order by m.member_id limit :count;
