-- name: add_kind$
-- A new kind of coupon; null where its code is taken.
insert into coupon_kind (code, version, changed_at) values (:code, 1, :now) on conflict do nothing returning code;

-- name: lock_kind^
-- A kind's newest version, held until the end of the transaction.
select k.version, k.stopped_at, v.document::text as document
  from coupon_kind k join coupon_kind_version v on v.code = k.code and v.version = k.version
 where k.code = :code for update of k;

-- name: add_version!
-- Keep one more version.
insert into coupon_kind_version (code, version, document, counts_from, made_by, made_at)
values (:code, :version, :document, :now, :made_by, :now);

-- name: set_version!
-- The newest version.
update coupon_kind set version = :version, changed_at = :now where code = :code;

-- name: stop_kind$
-- No coupon of the kind is usable from now on; null where there is no such kind.
update coupon_kind set stopped_at = coalesce(stopped_at, :now), stopped_by = coalesce(stopped_by, :by), changed_at = :now
 where code = :code returning code;

-- name: kind^
-- One kind, with a version of it: the named one, else the newest.
select k.code, k.version as newest, k.stopped_at, v.document::text as document, v.made_by, v.made_at
  from coupon_kind k join coupon_kind_version v on v.code = k.code and v.version = coalesce(:version::bigint, k.version)
 where k.code = :code;

-- name: kinds
-- Kinds by code, each with its newest version.
select k.code, k.version as newest, k.stopped_at, v.document::text as document, v.made_by, v.made_at
  from coupon_kind k join coupon_kind_version v on v.code = k.code and v.version = k.version
 where k.code > :after order by k.code limit :rows;

-- name: add_coupon$
-- A code of its own or a public one; null where the code is taken.
insert into coupon (code_hash, code, kind, version, batch, member_id, usable_from, usable_until, issued_at)
values (:code_hash, :code, :kind, :version, :batch, :member_id, :usable_from, :usable_until, :now)
    on conflict do nothing returning code;

-- name: public_code$
-- The kind's public code.
select code from coupon where kind = :kind and version is null and void_at is null;

-- name: drop_public!
-- A public code that its kind gives up ends for good; its uses are told as before.
update coupon set void_at = :now where kind = :kind and version is null and code <> :but;

-- name: batch^
-- What was asked for under this name, and how many of it are made.
select version, digest, wanted, made, made_at, finished_at is not null as finished from coupon_batch where kind = :kind and batch = :batch for update;

-- name: add_batch$
-- Begin a batch; null where there is one of this name.
insert into coupon_batch (kind, batch, version, digest, wanted, made, made_by, made_at)
values (:kind, :batch, :version, :digest, :wanted, 0, :made_by, :now) on conflict do nothing returning batch;

-- name: grow_batch!
-- So many more of a batch are made.
update coupon_batch set made = made + :made where kind = :kind and batch = :batch;

-- name: tell_issued(member_ids, bodies, now)!
-- An event for each member who was given a code of a batch, numbered under acts of their own.
insert into outbox (member_id, outbox_id, topic, shop_id, recorded_at, body)
select u.member_id, nextval('act_id_seq') * 4096, 'coupon.issued', null, :now, u.body
  from unnest(:member_ids::bigint[], :bodies::text[]) as u (member_id, body);

-- name: finish_batch!
-- All of a batch is made.
update coupon_batch set finished_at = :now where kind = :kind and batch = :batch and finished_at is null;

-- name: batches
-- Batches of a kind, newest first.
select batch, version, wanted, made, made_by, made_at from coupon_batch where kind = :kind order by made_at desc, batch;

-- name: coupon_by_code^
-- One code.
select c.code, c.kind, c.version, c.batch, c.member_id, c.usable_from, c.usable_until, c.issued_at, c.void_at
  from coupon c where c.code_hash = :code_hash and c.code = :code;

-- name: void_coupon$
-- A code is worth nothing any more; null where there is none.
select void_coupon(:code_hash, :code, :now, null, false);

-- name: exported
-- Codes of a kind, or of one batch of it, with who they are for and how often each was used.
select c.code, c.batch, c.member_id, c.issued_at, c.usable_from, c.usable_until, c.void_at,
       (select count(*) filter (where u.what = 'use') - count(*) filter (where u.what = 'back')
          from coupon_use u where u.code_hash = c.code_hash and u.code = c.code) as uses
  from coupon c
 where c.kind = :kind and c.version is not null and (:batch::text is null or c.batch = :batch::text)
 order by c.batch, c.code_hash;

-- name: counted^
-- What became of a kind's coupons: codes issued, uses, uses given back, uses offline that were not allowed, yen off.
select (select coalesce(sum(b.made), 0)::bigint from coupon_batch b where b.kind = :kind) as in_batches,
       (select count(*) from coupon c where c.kind = :kind and c.batch is null and c.version is not null) as by_campaigns,
       count(*) filter (where u.what = 'use') as used, count(*) filter (where u.what = 'back') as given_back,
       count(*) filter (where u.what = 'over') - count(*) filter (where u.what = 'over_back') as over, coalesce(sum(u.amount), 0)::bigint as amount,
       count(distinct u.presented_id) filter (where u.what = 'use' and u.presented_id > 0) as members
  from coupon_use u where u.kind = :kind;

-- name: uses_of
-- Uses of one code, newest first.
select u.what, u.at, u.shop_id, u.purchase_id, u.amount, u.presented_id, u.act_id, p.external_id
  from coupon_use u left join purchase p on p.member_id = u.member_id and p.purchase_id = u.purchase_id
 where u.code_hash = :code_hash and u.code = :code
   and (:before_at::timestamptz is null or (u.at, u.act_id, u.what) < (:before_at, :before_act, :before_what))
 order by u.at desc, u.act_id desc, u.what desc limit :rows;

-- name: of_members
-- Coupons of these members, newest first, each with its kind's document as it counts and how often it was used;
-- with a time none of those that are used up, void or over by then, and with another none that begin after it.
select c.code, c.kind, v.document::text as document, c.usable_from, c.usable_until, c.issued_at, c.void_at, k.stopped_at,
       n.uses
  from coupon c
  join coupon_kind k on k.code = c.kind
  join coupon_kind_version v on v.code = c.kind and v.version = c.version
  cross join lateral (
    select count(*) filter (where u.what = 'use') - count(*) filter (where u.what = 'back') as uses
      from coupon_use u where u.code_hash = c.code_hash and u.code = c.code) n
 where c.member_id = any(:members::bigint[])
   and (:good_at::timestamptz is null or (
        c.void_at is null and k.stopped_at is null and n.uses < coalesce((v.document->'uses'->>'each')::bigint, 1)
        and coalesce(c.usable_until > :good_at, true) and coalesce((v.document->>'ends_at')::timestamptz > :good_at, true)))
   and (:begun_at::timestamptz is null or (
        coalesce(c.usable_from <= :begun_at, true) and coalesce((v.document->>'starts_at')::timestamptz <= :begun_at, true)))
   and (:before_at::timestamptz is null or (c.issued_at, c.code) < (:before_at, :before_code))
 order by c.issued_at desc, c.code desc limit :rows;

-- name: members_in_segment
-- The next rows of a segment, in order: each card with the person who it is by now, null where nobody active is or the
-- person has a code of this batch, under whichever card.
select g.card as card, case when p.status = 'active' and not p.household and not exists (
         select from coupon c
          where c.member_id in (select p.member_id
                                union all
                                select a.member_id from member a where p.merged_in > 0 and a.survivor_id = p.member_id)
            and c.kind = :kind and c.batch = :batch) then p.member_id end as person
  from (select s.member_id as card from member_segment s
         where s.segment = :segment and s.member_id > :after order by s.member_id limit :rows) g
  left join member m on m.member_id = g.card
  left join member p on p.member_id = coalesce(m.survivor_id, m.member_id)
 order by g.card;

-- name: living_members
-- Those of these members who are active, as who they are by now, but for who has a code of this batch, under whichever
-- card.
select distinct p.member_id
  from member m join member p on p.member_id = coalesce(m.survivor_id, m.member_id)
 where m.member_id = any(:members::bigint[]) and p.status = 'active' and not p.household
   and not exists (
     select from coupon c
      where c.member_id in (select p.member_id
                            union all
                            select a.member_id from member a where p.merged_in > 0 and a.survivor_id = p.member_id)
        and c.kind = :kind and c.batch = :batch)
 order by p.member_id;
