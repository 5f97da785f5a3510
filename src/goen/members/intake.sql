-- name: next_member_ids
-- As many numbers of members as are needed.
select nextval('member_id_seq') as member_id from generate_series(1, :count);

-- name: register_many
-- Enter identifiers of several members in the registry, in the order of their hashes; gives those that nobody
-- else holds.
insert into identifier_key (key_hash, kind, shop_id, normal, member_id, identifier_id, verified, exclusive)
select u.key_hash, u.kind, u.shop_id, u.normal, u.member_id, u.identifier_id, false, u.exclusive
  from unnest(:key_hashes::bigint[], :kinds::text[], :shop_ids::bigint[], :normals::text[], :member_ids::bigint[],
              :identifier_ids::bigint[], :exclusive::boolean[])
       as u (key_hash, kind, shop_id, normal, member_id, identifier_id, exclusive)
 order by u.key_hash, u.identifier_id
    on conflict do nothing
returning identifier_id;

-- name: add_identifiers_many!
-- The names of several members.
insert into member_identifier (member_id, identifier_id, kind, shop_id, value, normal, added_at)
select u.member_id, u.identifier_id, u.kind, nullif(u.shop_id, 0), u.value, u.normal, :now
  from unnest(:member_ids::bigint[], :identifier_ids::bigint[], :kinds::text[], :shop_ids::bigint[], :values::text[],
              :normals::text[])
       as u (member_id, identifier_id, kind, shop_id, value, normal);

-- name: add_members_many!
-- Several new members. A member's bigrams come as one text, joined by U+001F: arrays of arrays are rectangular.
insert into member (member_id, number, name, kana, birth_date, gender, postal_code, address, shop_id, grams,
       searchable, kana_order, joined_at, changed_at, language, tier, import_id)
select u.member_id, u.number, u.name, u.kana, u.birth_date, u.gender, u.postal_code, u.address, u.shop_id,
       string_to_array(u.grams, chr(31)), u.searchable, u.kana_order, u.joined_at, :now, u.language, u.tier, :import_id
  from unnest(:member_ids::bigint[], :numbers::text[], :names::text[], :kanas::text[], :birth_dates::date[],
              :genders::text[], :postal_codes::text[], :addresses::text[], :shop_ids::bigint[], :grams::text[],
              :searchables::text[], :kana_orders::text[], :joined::timestamptz[], :languages::text[], :tiers::text[])
       as u (member_id, number, name, kana, birth_date, gender, postal_code, address, shop_id, grams, searchable,
             kana_order, joined_at, language, tier);

-- name: add_consents_many!
-- What several members had agreed to elsewhere.
insert into member_consent (member_id, kind, given, wording, source, given_at, recorded_at, recorded_by)
select u.member_id, u.kind, u.given, u.wording, u.source, u.given_at, :now, :author
  from unnest(:member_ids::bigint[], :kinds::text[], :given::boolean[], :wordings::text[], :sources::text[],
              :given_at::timestamptz[])
       as u (member_id, kind, given, wording, source, given_at);

-- name: of_import
-- Members that an import enrolled, and what became of them. Every act of a member's goes through its account; one
-- whose account never gave a number has none.
select m.member_id, m.number, m.status,
       m.version = 1 and m.status = 'active'
         and not exists (select from member_identifier i
                          where i.member_id = m.member_id and (i.added_at <> m.changed_at or i.verified_at is not null
                                                              or i.removed_at is not null))
         and not exists (select from member_consent c where c.member_id = m.member_id and c.recorded_at <> m.changed_at)
         and not exists (select from member_terms t where t.member_id = m.member_id)
         and not exists (select from behaviour b where b.anchor = m.member_id)
         and not exists (select from member s where s.survivor_id = m.member_id) as untouched,
       a.seq > 0 as traded,
       a.booked = 0 and a.pending = 0 and a.held = 0 and a.debt = 0
         and not exists (select from entry e join act t on t.member_id = e.member_id and t.act_id = e.act_id
                          where e.member_id = m.member_id and t.integration not like 'import:%')
         and not exists (select from purchase p join act t on t.member_id = p.member_id and t.act_id = p.act_id
                          where p.member_id = m.member_id and t.integration not like 'import:%')
         and not exists (select from hold h where h.member_id = m.member_id) as by_imports
  from member m join member_account a on a.member_id = m.member_id
 where m.import_id = :import_id and m.member_id > :after
 order by m.member_id limit :count;

-- name: names_of
-- Every name of these members.
select member_id, kind, coalesce(shop_id, 0) as shop_id, normal from member_identifier
 where member_id = any(:member_ids) and normal <> '';

-- name: free_names_many!
-- No name leads to these members any more.
delete from identifier_key where key_hash = any(:key_hashes) and member_id = any(:member_ids);

-- name: forget_newcomers!
-- Take them back altogether.
select forget_newcomers(:member_ids::bigint[]);
