-- name: add_staff$
-- Somebody new; null where the login is taken.
insert into staff (login, name, role, password_hash, pin_hash, made_at)
values (:login, :name, :role, :password_hash, :pin_hash, :now)
    on conflict (login) do nothing
returning staff_id;

-- name: bind_shops!
-- The shops that are theirs.
insert into staff_shop (staff_id, shop_id) select :staff_id, unnest(:shop_ids::bigint[]) on conflict do nothing;

-- name: set_secrets!
-- Another password or PIN; what is not given stays. Locks are lifted.
update staff set password_hash = coalesce(:password_hash, password_hash), pin_hash = coalesce(:pin_hash, pin_hash),
       failures = 0, locked_until = null, pin_failures = 0, pin_locked_until = null
 where staff_id = :staff_id;

-- name: set_second!
-- The second factor, or none.
update staff set totp_secret = :totp_secret, totp_step = :totp_step where staff_id = :staff_id;

-- name: disable!
-- Nobody signs in as them any more.
update staff set disabled_at = coalesce(disabled_at, :now) where staff_id = :staff_id;

-- name: end_sessions!
-- Sign them out everywhere.
delete from staff_session where staff_id = :staff_id;

-- name: try_password^
-- Count an attempt before it is checked; a lock that is over starts anew. Null where nobody has the login.
update staff s
   set failures = case when s.locked_until is null or s.locked_until > :now then least(s.failures + 1, 1000) else 1 end,
       locked_until = case when s.locked_until > :now then s.locked_until
                           when s.failures + 1 >= :failures_max and s.locked_until is null then :until
                           end
  from (select staff_id, locked_until > :now as locked from staff where login = :login for update) was
 where s.staff_id = was.staff_id and s.disabled_at is null
returning s.staff_id, s.password_hash, coalesce(was.locked, false) as locked;

-- name: try_pin^
-- The same for a PIN.
update staff s
   set pin_failures = case when s.pin_locked_until is null or s.pin_locked_until > :now
                           then least(s.pin_failures + 1, 1000) else 1 end,
       pin_locked_until = case when s.pin_locked_until > :now then s.pin_locked_until
                               when s.pin_failures + 1 >= :failures_max and s.pin_locked_until is null then :until
                               end
  from (select staff_id, pin_locked_until > :now as locked from staff where staff_id = :staff_id for update) was
 where s.staff_id = was.staff_id and s.disabled_at is null
returning s.staff_id, s.pin_hash, coalesce(was.locked, false) as locked;

-- name: count_attempt$
-- One more at this door from this address; a window that is over begins anew. Others that are over go by the way.
with gone as (
  delete from sign_in_quota where quota_hash in (
    select quota_hash from sign_in_quota where since <= :over and quota_hash <> :quota_hash for update skip locked)
)
insert into sign_in_quota as q (quota_hash, since, asked) values (:quota_hash, :now, 1)
    on conflict (quota_hash) do update
   set since = case when q.since <= :over then excluded.since else q.since end,
       asked = case when q.since <= :over then 1 else q.asked + 1 end
returning asked;

-- name: uncount!
-- One counted attempt was no failure; a lock that stands on it alone goes with it.
update staff
   set failures = greatest(failures - 1, 0), locked_until = case when failures > :failures_max then locked_until end
 where staff_id = :staff_id;

-- name: forgive!
-- The sign-in is whole.
update staff set failures = 0, locked_until = null where staff_id = :staff_id;

-- name: forgive_pin!
-- The PIN was right.
update staff set pin_failures = 0, pin_locked_until = null where staff_id = :staff_id;

-- name: second_of^
-- The second factor and the last step used; locked, so that a code serves once.
select totp_secret, totp_step from staff where staff_id = :staff_id for update;

-- name: member_of_staff^
-- Somebody by login.
select s.staff_id, s.login, s.name, s.role, s.totp_secret is not null as has_second,
       array(select shop_id from staff_shop where staff_id = s.staff_id) as shops
  from staff s where s.login = :login and s.disabled_at is null;

-- name: member_by_id^
-- Somebody by number.
select s.staff_id, s.login, s.name, s.role, s.totp_secret is not null as has_second,
       array(select shop_id from staff_shop where staff_id = s.staff_id) as shops
  from staff s where s.staff_id = :staff_id and s.disabled_at is null;

-- name: all_staff
-- Everybody, the disabled last.
select s.staff_id, s.login, s.name, s.role,
       array(select h.code from staff_shop t join shop h using (shop_id) where t.staff_id = s.staff_id order by h.code)
         as shops,
       s.password_hash is not null as has_password, s.totp_secret is not null as has_second,
       s.pin_hash is not null as has_pin, s.made_at, s.disabled_at
  from staff s order by s.disabled_at is not null, s.login;

-- name: clerks
-- Who may serve at a terminal of this shop: a PIN, and the shop theirs or every shop.
select s.staff_id, s.login, s.name from staff s
 where s.pin_hash is not null and s.disabled_at is null
   and (exists (select from staff_shop t where t.staff_id = s.staff_id and t.shop_id = :shop_id)
        or not exists (select from staff_shop t where t.staff_id = s.staff_id))
 order by s.name, s.login;

-- name: open_session!
-- A browser in which they are signed in from now on. Sessions that are over go by the way.
with gone as (delete from staff_session where ends_at < :now)
insert into staff_session (token_hash, staff_id, stage, made_at, seen_at, ends_at)
values (:token_hash, :staff_id, :stage, :now, :now, :ends_at);

-- name: session^
-- Who is behind a token, while it lasts and was seen lately.
select s.staff_id, s.login, s.name, s.role, s.totp_secret is not null as has_second,
       array(select shop_id from staff_shop where staff_id = s.staff_id) as shops,
       e.stage, e.ends_at, e.seen_at
  from staff_session e join staff s using (staff_id)
 where e.token_hash = :token_hash and e.ends_at > :now and e.seen_at > :rested and s.disabled_at is null;

-- name: touch!
-- Seen just now.
update staff_session set seen_at = :now where token_hash = :token_hash;

-- name: close_session!
-- Signed out.
delete from staff_session where token_hash = :token_hash;

-- name: add_code!
-- A code for one terminal. Those that are over go by the way.
with gone as (delete from terminal_code where ends_at < :now)
insert into terminal_code (code_hash, shop_id, device, made_by, made_at, ends_at)
values (:code_hash, :shop_id, :device, :made_by, :now, :ends_at);

-- name: take_code^
-- Use a code up; null where it is none.
delete from terminal_code where code_hash = :code_hash and ends_at > :now
returning shop_id, device, made_by;

-- name: audit!
-- Who did what.
insert into audit (anchor, at, author, action, details) values (0, :now, :author, :action, :details);
