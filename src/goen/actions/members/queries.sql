-- name: open_account!
-- A new member's account: all zeros.
insert into member_account (member_id) values (:member_id);

-- name: bump_account$
-- Make every act at the till that has read this member decide again; gives the booked points.
update member_account set version = version + 1 where member_id = :member_id returning booked;

-- name: add_audit!
-- Who changed what about a member; never personal data.
insert into audit (anchor, at, author, action, reason, details)
values (:member_id, :now, :author, :action, :reason, :details);

-- name: add_removals!
-- Members of an import that was taken back: one line and one event each.
with told as (
  insert into audit (anchor, at, author, action, details)
  select u, :now, :author, 'member.removed', :details from unnest(:member_ids::bigint[]) as u
)
insert into outbox (member_id, outbox_id, topic, shop_id, recorded_at, body)
select u.member_id, nextval('act_id_seq') * 4096, 'member.updated', null, :now, u.body
  from unnest(:member_ids::bigint[], :bodies::text[]) as u (member_id, body);

-- name: announce!
-- An event for the relay, numbered under an act of its own.
insert into outbox (member_id, outbox_id, topic, shop_id, recorded_at, body)
values (:member_id, nextval('act_id_seq') * 4096, 'member.updated', :shop_id, :now, :body);

-- name: cards_retired
-- Those of these paper cards whose claim has been done: its key at the till says so, for ever.
select i.n from unnest(:key_hashes::bigint[], :key_checks::bigint[]) with ordinality as i (key_hash, key_check, n)
  join act_key k on k.key_hash = i.key_hash and k.key_check = i.key_check;

-- name: carried_since$
-- When somebody's card was entered under the one who carries it now; null where nobody does.
select max(i.added_at)
  from identifier_key k
  join member_identifier i on i.member_id = k.member_id and i.identifier_id = k.identifier_id
 where k.key_hash = :key_hash and k.kind = 'card' and k.normal = :normal;

-- name: owes$
-- Whether the member owes points.
select debt > 0 from member_account where member_id = :member_id;

-- name: counted$
-- The last number given to anything in the member's books.
select seq from member_account where member_id = :member_id;
