-- name: add_terms$
-- Keep a version; null where there is one of this name.
insert into terms (version, holds_from, notice_on, worsening, document, made_by, made_at)
values (:version, :holds_from, :notice_on, :worsening, :document, :made_by, :made_at)
    on conflict do nothing
returning true;

-- name: all_terms
-- Every version, the one that holds last first; of two from one day the later made.
select version, holds_from, notice_on, worsening, document::text as document, made_by, made_at, withdrawn_at
  from terms order by holds_from desc, made_at desc, version desc;

-- name: withdraw!
-- A version will not hold.
update terms set withdrawn_at = :now, withdrawn_by = :by where version = :version and withdrawn_at is null;

-- name: notices
-- Where members were told of a version, in order.
select told_on, place, words, made_by, made_at from terms_notice where version = :version order by told_on, notice_id;

-- name: add_notice!
-- One more.
insert into terms_notice (version, notice_id, told_on, place, words, made_by, made_at)
select :version, 1 + coalesce(max(n.notice_id), 0), :told_on, :place, :words, :made_by, :now
  from terms_notice n where n.version = :version;

-- name: lock_terms!
-- Whoever changes terms waits for the one before.
lock table terms in share row exclusive mode;

-- name: accept$
-- The member has accepted a version; null where that is known already.
insert into member_terms (member_id, version, accepted_at, channel, shop_id, recorded_at, recorded_by)
values (:member_id, :version, :accepted_at, :channel, :shop_id, :now, :by)
    on conflict do nothing
returning true;

-- name: accepted
-- What these members have accepted, the last first.
select t.version, t.accepted_at, t.channel, s.code as shop, t.recorded_at, t.recorded_by
  from member_terms t left join shop s on s.shop_id = t.shop_id
 where t.member_id = any(:member_ids::bigint[]) order by t.accepted_at desc, t.version desc, t.member_id;
