-- The members' own pages: devices in which a member is signed in, and what their rotating codes are checked by.

create table member_device (
  handle bigint primary key,               -- ten digits drawn at random; the device's rotating codes begin with it
  member_id bigint not null,               -- who signed in, as then: after a merge readings go on to the survivor
  token_hash bytea not null,               -- SHA-256; the token itself is in the browser's cookie alone
  salt bytea not null,                     -- of it and the installation's own key the device's secret is made
  keyed_at timestamptz,                    -- when the device last fetched its secret; null: it has none
  platform text not null constraint member_device_platform_check
    check (platform in ('iphone', 'ipad', 'android', 'windows', 'mac', 'other')),
  made_at timestamptz not null,
  seen_at timestamptz not null,            -- to the hour
  ends_at timestamptz not null,
  ended_at timestamptz                     -- signed out; until then its codes were good
) with (fillfactor = 80);
create index member_device_of on member_device (member_id);
create index member_device_old on member_device (least(ends_at, ended_at));
comment on table member_device is 'registry: phones and browsers in which a member is signed in; rows go with erasure and with age';
