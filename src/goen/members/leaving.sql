-- name: due_for_erasure
-- Withdrawn members whose day has come.
select member_id from member where erase_on <= :today order by erase_on, member_id limit :count;

-- name: not_erased
-- Those of these members who have left and are not erased yet, locked in order.
select member_id from member
 where member_id = any(:member_ids) and erased_at is null and status = 'withdrawn' order by member_id for update;

-- name: also_called
-- These members and all that are merged into them, directly or by others.
with recursive grown (member_id) as (
  select unnest(:member_ids::bigint[])
  union
  select m.member_id from grown g join member m on m.survivor_id = g.member_id
)
select member_id from grown order by member_id;

-- name: traces
-- What is known of these members at this moment: by it their words are found in files of ours.
select m.member_id, m.name, m.kana, m.birth_date, m.address,
       array(select i.kind || ':' || i.normal from member_identifier i
              where i.member_id = m.member_id and i.normal <> '' and i.normal <> m.number) as names
  from member m where m.member_id = any(:member_ids);

-- name: names_ever
-- Every name these members have or had, to be taken out of the registry.
select member_id, kind, coalesce(shop_id, 0) as shop_id, normal from member_identifier
 where member_id = any(:member_ids) and normal <> '';

-- name: free_names!
-- No name leads to these members any more.
delete from identifier_key where key_hash = any(:key_hashes) and member_id = any(:member_ids);

-- name: erase_members!
-- Drop what is personal; number and dates stay, as the books name them.
update member
   set name = null, kana = null, birth_date = null, gender = null, postal_code = null, address = null,
       language = null, pin_hash = null, grams = '{}', searchable = '', kana_order = null, erase_on = null,
       erased_at = :now, changed_at = :now, version = version + 1
 where member_id = any(:member_ids);

-- name: erase_identifiers!
-- Names are personal; their rows stay, as entries refer to them.
update member_identifier
   set value = '', normal = '', removed_at = coalesce(removed_at, :now)
 where member_id = any(:member_ids) and (value <> '' or normal <> '');

-- name: erase_words!
-- Notes, references, sources of consents and the like, in every table of the catalogue that has some.
select erase_personal(:member_ids::bigint[]);

-- name: erase_segments!
-- What was thought of these members.
delete from member_segment where member_id = any(:member_ids);

-- name: erase_terms!
-- Which terms these members accepted, and where.
delete from member_terms where member_id = any(:member_ids);

-- name: drop_devices_of!
-- They are signed in nowhere any more.
delete from member_device where member_id = any(:member_ids);

-- name: drop_answers_of!
-- Answers kept for a repeat show whole members.
delete from kept_answer where member_id = any(:member_ids);

-- name: forget_old_names$
-- Contacts taken away so long ago that nobody asks any more whose they were; how many. Cards and accounts stay.
with gone as (
  update member_identifier i set value = '', normal = ''
    from (select member_id, identifier_id from member_identifier
           where removed_at < :before and value <> '' and kind in ('phone', 'email') limit :rows_max) old
   where i.member_id = old.member_id and i.identifier_id = old.identifier_id
  returning 1
)
select count(*) from gone;

-- name: departures
-- Who has left since a moment, and who was erased, for the lists beside the copies.
select member_id, withdrawn_at, erase_on, erased_at from member
 where withdrawn_at is not null and (:since::timestamptz is null or withdrawn_at > :since or erased_at > :since)
 order by member_id;
