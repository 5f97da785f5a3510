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
       searchable, kana_order, joined_at, changed_at)
select u.member_id, u.number, u.name, u.kana, u.birth_date, u.gender, u.postal_code, u.address, u.shop_id,
       string_to_array(u.grams, chr(31)), u.searchable, u.kana_order, u.joined_at, :now
  from unnest(:member_ids::bigint[], :numbers::text[], :names::text[], :kanas::text[], :birth_dates::date[],
              :genders::text[], :postal_codes::text[], :addresses::text[], :shop_ids::bigint[], :grams::text[],
              :searchables::text[], :kana_orders::text[], :joined::timestamptz[])
       as u (member_id, number, name, kana, birth_date, gender, postal_code, address, shop_id, grams, searchable,
             kana_order, joined_at);
