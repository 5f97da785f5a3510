-- name: add_rule$
-- A new rule; its code, or null where it is taken.
insert into standing_rule (code, kind, version) values (:code, :kind, 1) on conflict do nothing returning code;

-- name: lock_rule^
-- A rule, held until the end of the transaction.
select r.code, r.kind, r.version as newest, r.live_version, r.live_from, r.waiting_version, r.waiting_by, r.stopped_at
  from standing_rule r where r.code = :code for update;

-- name: rule^
-- A rule with one version, by default the newest.
select r.code, r.kind, r.version as newest, r.live_version, r.live_from, r.waiting_version, r.waiting_by, r.stopped_at,
       v.version, v.document::text as document, v.made_by, v.made_at
  from standing_rule r join standing_version v on v.code = r.code and v.version = coalesce(:version, r.version)
 where r.code = :code;

-- name: rules
-- Rules by code, each with its newest version.
select r.code, r.kind, r.version as newest, r.live_version, r.live_from, r.waiting_version, r.waiting_by, r.stopped_at,
       v.version, v.document::text as document, v.made_by, v.made_at
  from standing_rule r join standing_version v on v.code = r.code and v.version = r.version
 where r.code > :after order by r.code limit :rows;

-- name: waiting
-- Rules that wait for a second person, each with the version that does.
select r.code, r.kind, r.version as newest, r.live_version, r.live_from, r.waiting_version, r.waiting_by, r.stopped_at,
       v.version, v.document::text as document, v.made_by, v.made_at
  from standing_rule r join standing_version v on v.code = r.code and v.version = r.waiting_version
 order by r.code limit 500;

-- name: add_version!
-- One more version of a rule.
insert into standing_version (code, version, document, made_by, made_at) values (:code, :version, :document, :by, :now);

-- name: set_newest!
-- The newest version of a rule.
update standing_rule set version = :version where code = :code;

-- name: set_live!
-- A version gives from now on.
update standing_rule set live_version = :version, live_from = case when live_version is null then :now else live_from end,
       waiting_version = null, waiting_by = null, stopped_at = null
 where code = :code;

-- name: set_waiting!
-- A version waits for a second person.
update standing_rule set waiting_version = :version, waiting_by = :by where code = :code;

-- name: set_stopped!
-- The rule gives no more.
update standing_rule set live_version = null, waiting_version = null, waiting_by = null, stopped_at = :now
 where code = :code;

-- name: live_of_kind
-- The rules of a kind that give now, in the version that does.
select r.code, v.document::text as document
  from standing_rule r join standing_version v on v.code = r.code and v.version = r.live_version
 where r.kind = :kind order by r.code;

-- name: totals
-- How often these rules gave, and how many points in all.
select g.code, count(*) as grants, coalesce(sum(g.points), 0)::bigint as points
  from standing_grant g where g.code = any(:codes::text[]) group by g.code;

-- name: add_visit_code!
-- A code for check-ins.
insert into visit_code (code_hash, code, shop_id, expires_at, made_by, made_at)
values (:code_hash, :code, :shop_id, :expires_at, :by, :now);

-- name: purge_visit_codes$
-- Forget codes that expired before then; how many.
with gone as (
  delete from visit_code v
   where (v.code_hash, v.code) in (select o.code_hash, o.code from visit_code o where o.expires_at < :before limit :rows)
  returning 1
)
select count(*) from gone;

-- name: add_referral_code$
-- A member's code for referrals, unless one was made meanwhile; the one there is.
with known as (
  select c.code from referral_code c where c.member_id = :member_id order by c.made_at, c.code limit 1
), added as (
  insert into referral_code (code_hash, code, member_id, made_at)
  select :code_hash, :code, :member_id, :now where not exists (select from known) returning code
)
select code from known union all select code from added;
