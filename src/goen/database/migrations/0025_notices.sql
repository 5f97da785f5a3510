-- Notices to members: what was told, what waits to be sent, and the browsers that take notifications (rule 18).

create table expiry_notice (
  member_id bigint not null,               -- in whose books the points are: a member, or a household
  expires_on date not null,                -- the last day of the points
  days bigint not null,                    -- the threshold: so many days ahead
  points bigint not null,                  -- as told
  told_at timestamptz not null,
  primary key (member_id, expires_on, days)
);
create index expiry_notice_old on expiry_notice (expires_on);
comment on table expiry_notice is 'member: that points end was told, once per last day and threshold';

create sequence notice_id_seq;
create table notice (
  member_id bigint not null,               -- the person, as then
  notice_id bigint not null default nextval('notice_id_seq'),
  kind text not null constraint notice_kind_check check (kind in ('expiring', 'coupon', 'earned')),
  channel text not null constraint notice_channel_check check (channel in ('mail', 'sms', 'push')),
  details json not null,                   -- figures, days and codes; the words are made when it is sent
  state text not null default 'waiting'    -- sending: on its way, and never sent again, whatever becomes of its sender
    constraint notice_state_check check (state in ('waiting', 'sending', 'sent', 'failed', 'dropped')),
  tries bigint not null default 0,
  send_from timestamptz not null,
  drop_from timestamptz not null,          -- later it would tell nothing
  made_at timestamptz not null,
  changed_at timestamptz not null,
  primary key (member_id, notice_id)
) with (fillfactor = 80);
create index notice_waiting on notice (send_from) where state = 'waiting';
create index notice_sending on notice (changed_at) where state = 'sending';
create index notice_old on notice (made_at);
comment on table notice is 'member: messages to one person by one channel, waiting or done; rows go after a month';

-- How far two sweeps have come: the day's look at what ends, and the feed's events that people are told of.
create table notice_place (
  what text primary key constraint notice_place_what_check check (what in ('expiring', 'feed')),
  day date,                                -- expiring: the day that the look is for; all before it are done
  since date,                              -- expiring: the day before that was looked at last
  after bigint not null,                   -- the member, or the position in the feed
  done boolean not null
);
comment on table notice_place is 'jobs: how far the sweeps for notices have come';

create table push_subscription (
  member_id bigint not null,               -- who was signed in
  handle bigint not null,                  -- the device
  endpoint text not null,
  p256dh bytea not null,                   -- the browser's public key
  auth bytea not null,                     -- the secret that it shares with us
  language text not null constraint push_subscription_language_check check (language in ('ja', 'en')),
  kinds text[] not null,                   -- of what it is told: expiring, coupon, earned
  made_at timestamptz not null,
  primary key (member_id, handle)
);
comment on table push_subscription is 'member: browsers that take notifications; rows go when they end, with the sign-out and with erasure';
comment on column push_subscription.endpoint is 'personal: an address of a browser';
comment on column push_subscription.p256dh is 'personal';
comment on column push_subscription.auth is 'personal';
alter table push_subscription alter column endpoint set statistics 0;
alter table push_subscription alter column p256dh set statistics 0;
alter table push_subscription alter column auth set statistics 0;

create table push_key (
  key_id bigint primary key default 1 constraint push_key_one check (key_id = 1),
  private_key bytea not null,              -- P-256, 32 bytes: all subscriptions are bound to it
  made_at timestamptz not null
);
comment on table push_key is 'reference: the key that notifications are signed with; made once';

-- By which contact a person may be told by this channel; null: by none. The last word on notices.<channel> decides, where
-- none was said that on <channel>, then that on advertising.<channel>. Who has left is told nothing.
create function notice_target(person bigint, channel text, kind text, at timestamptz) returns text language sql stable as $$
  with root as (
    select s.member_id, s.status from member p join member s on s.member_id = coalesce(p.survivor_id, p.member_id)
     where p.member_id = person and s.status in ('active', 'frozen') and not s.household
  ), family as (
    select m.member_id from root r join member m on m.member_id = r.member_id
    union all
    select m.member_id from root r join member m on m.survivor_id = r.member_id
  ), said as (
    select distinct on (c.kind) c.kind, c.given
      from family f join member_consent c on c.member_id = f.member_id
     where c.kind in ('notices.' || channel, channel, 'advertising.' || channel)
     order by c.kind, coalesce(c.given_at, c.recorded_at) desc, c.consent_id desc
  )
  select case when channel = 'push' then
           (select 'push' from family f
              join push_subscription s on s.member_id = f.member_id and kind = any (s.kinds)
              join member_device d on d.handle = s.handle
             where d.ended_at is null and d.ends_at > at limit 1)
         else
           (select i.normal from family f join member_identifier i on i.member_id = f.member_id
             where i.kind = case channel when 'mail' then 'email' else 'phone' end
               and i.removed_at is null and i.normal <> ''
             order by i.verified_at is null, i.identifier_id desc limit 1)
         end
    from root
   where (select s.given from said s
           order by s.kind like 'notices.%' desc, s.kind = channel desc limit 1)
$$;
