-- name: lock_changes$
-- One writer of campaigns and signals at a time, until the end of the transaction: numbers come in commit order.
select pg_advisory_xact_lock(4736111203);

-- name: changes_after
-- What happened to campaigns after this change, in order.
select change, code, version, at, what from campaign_change where change > :change order by change;

-- name: versions_changed
-- The versions that changes after this one name.
select distinct on (v.code, v.version) v.code, v.version, v.document::text as document
  from campaign_change c join campaign_version v on v.code = c.code and v.version = c.version
 where c.change > :change order by v.code, v.version;

-- name: last_change$
-- The number of the last change, or 0.
select coalesce(max(change), 0) from campaign_change;

-- name: add_change!
-- From an instant on, a version is live or the campaign has stopped.
insert into campaign_change (change, code, version, at, what, made_by, made_at)
values (:change, :code, :version, :at, :what, :made_by, :made_at);

-- name: add_campaign$
-- A new code; null where it is taken.
insert into campaign (code, version, changed_at) values (:code, 1, :now) on conflict do nothing returning code;

-- name: add_version!
-- Keep one more version.
insert into campaign_version (code, version, document, made_by, made_at)
values (:code, :version, :document, :made_by, :now);

-- name: set_version!
-- The newest version; whatever waited for approval does so no more.
update campaign set version = :version, waiting = null, waiting_by = null, waiting_from = null, changed_at = :now
 where code = :code;

-- name: set_waiting!
-- A version waits for a second person, or none does.
update campaign set waiting = :waiting, waiting_by = :waiting_by, waiting_from = :waiting_from, changed_at = :now
 where code = :code;

-- name: approve!
-- Somebody approved this version.
insert into campaign_approval (code, version, approved_by, approved_at) values (:code, :version, :approved_by, :now)
    on conflict do nothing;

-- name: approvals
-- Who approved this version, in order.
select approved_by from campaign_approval where code = :code and version = :version order by approved_at, approved_by;

-- name: campaign^
-- One campaign, with a version of it: the named one, else the newest.
select c.code, c.version as newest, c.waiting, c.waiting_by, c.waiting_from, v.version, v.document::text as document,
       v.made_by, v.made_at
  from campaign c join campaign_version v on v.code = c.code and v.version = coalesce(:version::bigint, c.version)
 where c.code = :code;

-- name: waiting
-- Campaigns that wait for a second person.
select code from campaign where waiting is not null order by code limit 500;

-- name: campaigns
-- Campaigns by code, each with its newest version.
select c.code, c.version as newest, c.waiting, c.waiting_by, c.waiting_from, v.version, v.document::text as document,
       v.made_by, v.made_at
  from campaign c join campaign_version v on v.code = c.code and v.version = c.version
 where c.code > :after order by c.code limit :rows;

-- name: drawn_on
-- What is drawn on accounts of a campaign that all members share.
select l.code, l.period, l.drawn from limit_account l
  join unnest(:anchors::bigint[], :codes::text[]) as i (anchor, code) on l.anchor = i.anchor and l.code = i.code
 order by l.code, l.period;

-- name: members_earning$
-- How many people there are to give to: whoever earns, registered or not, frozen or not; a household's pool is nobody.
select count(*) from member where status in ('active', 'provisional', 'frozen') and not household;

-- name: signals_after
-- Signals that came after this change, in order.
select change, name, place, at, value::text as value from signal where change > :change and at > :since order by change;

-- name: last_signal$
-- The number of the last signal, or 0.
select coalesce(max(change), 0) from signal;

-- name: put_signal!
-- What was so at a place from an instant on; told again, the later word counts.
insert into signal (name, place, at, value, source, change, received_at)
values (:name, :place, :at, :value, :source, :change, :now)
    on conflict (name, place, at) do update
       set value = excluded.value, source = excluded.source, change = excluded.change, received_at = excluded.received_at;

-- name: signals_now
-- The newest of each place, of one signal.
select distinct on (place) place, at, value::text as value, source from signal
 where name = :name and at <= :now order by place, at desc;
