-- name: add_device$
-- Somebody has signed in; null where another device drew the same handle.
insert into member_device (handle, member_id, token_hash, salt, platform, made_at, seen_at, ends_at)
values (:handle, :member_id, :token_hash, :salt, :platform, :now, :now, :ends_at)
on conflict (handle) do nothing returning handle;

-- name: device^
-- A device with who it belongs to by now. Read-only.
select d.handle, d.member_id, coalesce(m.survivor_id, m.member_id) as person_id, d.token_hash, d.salt, d.keyed_at,
       d.platform, d.made_at, d.seen_at, d.ends_at, d.ended_at, s.status
  from member_device d
  join member m on m.member_id = d.member_id
  join member s on s.member_id = coalesce(m.survivor_id, m.member_id)
 where d.handle = :handle;

-- name: see_device!
-- It was used: remembered for longer. Once an hour is enough.
update member_device set seen_at = :now, ends_at = :ends_at
 where handle = :handle and seen_at < :before and ended_at is null;

-- name: key_device$
-- Another secret from now on; codes of the one before are good no more.
update member_device set salt = :salt, keyed_at = :now where handle = :handle and ended_at is null returning handle;

-- name: end_device$
-- Signed out, by one of the person's own devices; null where it is another's.
update member_device set ended_at = :now
 where handle = :handle and member_id = any(:member_ids::bigint[]) and ended_at is null returning handle;

-- name: devices
-- Where these members are signed in, latest first. Read-only.
select handle, member_id, platform, made_at, seen_at from member_device
 where member_id = any(:member_ids::bigint[]) and ended_at is null and ends_at > :now
 order by seen_at desc, handle limit 50;

-- name: drop_old_devices!
-- Ended so long ago that no till can have been off line since.
delete from member_device where least(ends_at, ended_at) < :before;
