-- name: next_member_id$
-- A member's number, taken before the row is written.
select nextval('member_id_seq');

-- name: next_identifier_ids
-- As many identifier numbers as are needed.
select nextval('identifier_id_seq') as identifier_id from generate_series(1, :count);

-- name: add_member!
-- One new member.
insert into member (member_id, number, name, kana, birth_date, gender, postal_code, address, language, shop_id,
       grams, searchable, kana_order, status, register_by, joined_at, changed_at)
values (:member_id, :number, :name, :kana, :birth_date, :gender, :postal_code, :address, :language, :shop_id,
       :grams, :searchable, :kana_order, :status, :register_by, :now, :now);

-- name: survivor_of$
-- Who a member is by now: itself, or after a merge the survivor; null where there is nobody.
select coalesce(survivor_id, member_id) from member where member_id = :member_id;

-- name: merged_into
-- Who is merged into a member: their numbers, and what is printed on their cards.
select member_id, number from member where survivor_id = :member_id order by member_id;

-- name: locked_member^
-- A member's row, locked until the end of the transaction.
select member_id, number, status, shop_id, register_by, household, pool_id, name, kana, birth_date, gender, postal_code, address, language
  from member where member_id = :member_id for update;

-- name: change_member!
-- Write what a change leaves.
update member
   set name = :name, kana = :kana, birth_date = :birth_date, gender = :gender, postal_code = :postal_code,
       address = :address, language = :language, shop_id = :shop_id, grams = :grams, searchable = :searchable,
       kana_order = :kana_order, changed_at = :now, version = version + 1
 where member_id = :member_id;

-- name: set_status!
-- Frozen, active again, or withdrawn (then with the day of erasure).
update member
   set status = :status, withdrawn_at = :withdrawn_at, erase_on = :erase_on, changed_at = :now,
       register_by = case :status when 'withdrawn' then null else register_by end, version = version + 1
 where member_id = :member_id;

-- name: set_registered!
-- A provisional member has registered; one that is frozen stays so.
update member
   set register_by = null, status = case status when 'provisional' then 'active' else status end,
       registered_at = case when register_by is null then registered_at else :now end,
       changed_at = :now, version = version + 1
 where member_id = :member_id;

-- name: due_to_register
-- Provisional members whose last day to register has passed, in the order of their numbers.
select member_id, register_by from member
 where register_by < :today and status = 'provisional' order by member_id limit :count;

-- name: note_lapse!
-- What lapsed with a provisional member's last day, and the next one: the card can still be registered.
with moved as (
  update member set register_by = :next, version = version + 1
   where member_id = :member_id and register_by = :register_by
  returning member_id
)
insert into member_lapse (member_id, register_by, points, lapsed_at)
select member_id, :register_by::date, :points, :now from moved
    on conflict do nothing;

-- name: set_pin!
-- Keep a new PIN and forget wrong ones.
update member
   set pin_hash = :pin_hash, pin_failures = 0, pin_locked_until = null, changed_at = :now, version = version + 1
 where member_id = :member_id;

-- name: try_pin^
-- Count an attempt before it is checked. More failures than the most says that the PIN rested already.
update member
   set pin_failures = case when pin_locked_until > :now then :failures_max + 1
                           when pin_locked_until is not null then 1
                           else pin_failures + 1 end,
       pin_locked_until = case when pin_locked_until > :now then pin_locked_until
                               when pin_locked_until is not null then null
                               when pin_failures + 1 >= :failures_max then :locked_until end
 where member_id = :member_id and pin_hash is not null
returning pin_hash, pin_failures;

-- name: forgive_pin!
-- The PIN was right: earlier wrong ones no longer count.
update member set pin_failures = 0, pin_locked_until = null where member_id = :member_id;

-- name: add_identifiers!
-- The names of one member.
insert into member_identifier (member_id, identifier_id, kind, shop_id, value, normal, verified_at, added_at)
select :member_id, u.identifier_id, u.kind, nullif(u.shop_id, 0), u.value, u.normal, u.verified_at, :now
  from unnest(:identifier_ids::bigint[], :kinds::text[], :shop_ids::bigint[], :values::text[], :normals::text[],
              :verified::timestamptz[])
       as u (identifier_id, kind, shop_id, value, normal, verified_at);

-- name: register
-- Enter identifiers in the registry, in the order of their hashes; gives those that nobody else holds.
insert into identifier_key (key_hash, kind, shop_id, normal, member_id, identifier_id, verified, exclusive)
select u.key_hash, u.kind, u.shop_id, u.normal, :member_id, u.identifier_id, u.verified, u.exclusive
  from unnest(:key_hashes::bigint[], :kinds::text[], :shop_ids::bigint[], :normals::text[],
              :identifier_ids::bigint[], :verified::boolean[], :exclusive::boolean[])
       as u (key_hash, kind, shop_id, normal, identifier_id, verified, exclusive)
 order by u.key_hash, u.identifier_id
    on conflict do nothing
returning identifier_id;

-- name: unregister!
-- Take one identifier out of the registry; its name is free from now on.
delete from identifier_key
 where key_hash = :key_hash and member_id = :member_id and identifier_id = :identifier_id;

-- name: unregister_all!
-- Free every name of a member.
delete from identifier_key
 where key_hash = any(:key_hashes) and member_id = :member_id;

-- name: identifiers
-- The names a member has now, oldest first.
select identifier_id, kind, coalesce(shop_id, 0) as shop_id, value, normal, verified_at
  from member_identifier
 where member_id = :member_id and removed_at is null
 order by identifier_id;

-- name: remove_identifier!
-- The name no longer counts; its row stays for the entries that came by it.
update member_identifier set removed_at = :now
 where member_id = :member_id and identifier_id = :identifier_id and removed_at is null;

-- name: remove_identifiers!
-- None of a member's names counts any more.
update member_identifier set removed_at = :now where member_id = :member_id and removed_at is null;

-- name: verify_identifier!
-- The member has shown that this contact is theirs.
update member_identifier set verified_at = :now
 where member_id = :member_id and identifier_id = :identifier_id and verified_at is null;

-- name: holders
-- Who carries an identifier, the one who holds it verified first; of a merged member the survivor, once. Beside it
-- under whom it stands (owner_id): of several who are one by now whoever holds it verified, else who had it first.
select h.member_id, h.owner_id, h.identifier_id, h.verified
  from (select distinct on (coalesce(m.survivor_id, m.member_id))
               coalesce(m.survivor_id, m.member_id) as member_id, k.member_id as owner_id, k.identifier_id, k.verified
          from identifier_key k
          join member m on m.member_id = k.member_id
         where k.key_hash = :key_hash and k.kind = :kind and k.shop_id = :shop_id and k.normal = :normal
         order by 1, k.verified desc, k.identifier_id) h
 order by h.verified desc, h.member_id;

-- name: registered
-- Which of these names, unique over all members, somebody has.
select k.normal from identifier_key k
 where k.key_hash = any(:key_hashes::bigint[]) and k.kind = :kind and k.normal = any(:normals::text[]);

-- name: candidates
-- What a clerk needs to ask which of several members it is.
select member_id, number, coalesce(name, kana) as name from member
 where member_id = any(:member_ids) order by member_id;

-- name: add_consents!
-- What a member agreed to or took back.
insert into member_consent (member_id, kind, given, wording, source, given_at, recorded_at, recorded_by)
select :member_id, u.kind, u.given, u.wording, u.source, u.given_at, :now, :recorded_by
  from unnest(:kinds::text[], :given::boolean[], :wordings::text[], :sources::text[], :given_at::timestamptz[])
       as u (kind, given, wording, source, given_at);

-- name: consents
-- Everything ever said, the last word first: a form that was signed earlier and reaches us later changes nothing.
select kind, given, wording, source, recorded_at, recorded_by, coalesce(given_at, recorded_at) as given_at
  from member_consent where member_id = :member_id order by coalesce(given_at, recorded_at) desc, consent_id desc;

-- name: add_wording$
-- Keep a version of a text. The same text again is no news; null where the version has another text.
with kept as (
  insert into consent_wording (kind, version, language, words, made_by, made_at)
  values (:kind, :version, :language, :words, :made_by, :made_at)
      on conflict do nothing returning words
)
select true from kept
union all
select true from consent_wording
 where kind = :kind and version = :version and language = :language and words = :words
limit 1;

-- name: wordings
-- Texts by purpose, the newest first.
select kind, version, language, words, made_by, made_at from consent_wording
 where kind = coalesce(:kind::text, kind) order by kind, made_at desc, version desc, language;

-- name: unknown_wordings
-- Purposes whose texts are registered and whose version beside them is not.
select u.kind from unnest(:kinds::text[], :versions::text[]) as u (kind, version)
 where u.version is not null and exists (select from consent_wording w where w.kind = u.kind)
   and not exists (select from consent_wording w where w.kind = u.kind and w.version = u.version);

-- name: use_token$
-- Use up a token; null where it was shown before.
insert into used_token (token_hash, shop_id, jti, expires_at)
values (:token_hash, :shop_id, :jti, :expires_at)
    on conflict do nothing
returning true;

-- name: drop_old_tokens!
-- Tokens that have expired need no memory.
delete from used_token where expires_at < :now;

-- name: keep_answer$
-- Keep an answer under its key; null where the key has one. A concurrent twin is waited for.
insert into kept_answer (key_hash, key_check, request, answer, member_id, keep_until)
values (:key_hash, :key_check, :request, :answer, :member_id, :keep_until)
    on conflict do nothing
returning true;

-- name: kept_answer^
-- What was asked and answered under a key.
select request::text as request, answer::text as answer from kept_answer
 where key_hash = :key_hash and key_check = :key_check;

-- name: drop_answers!
-- A member's answers, or those past their day.
delete from kept_answer where member_id = :member_id or keep_until < :today;

-- name: segments
-- The segments of a member and of those merged into it, in order. Read-only.
select distinct g.segment
  from member m join member_segment g on g.member_id = m.member_id
 where m.member_id = :member_id or m.survivor_id = :member_id
 order by g.segment;

-- name: put_segments!
-- A member's segments: those named stay or come, the others go, and all that members merged into it were in.
with gone as (
  delete from member_segment g using member m
   where g.member_id = m.member_id
     and (m.survivor_id = :member_id or (m.member_id = :member_id and g.segment <> all (:segments::text[]))))
insert into member_segment (member_id, segment, since)
select :member_id::bigint, s.segment, :now from unnest(:segments::text[]) s (segment)
    on conflict do nothing;
