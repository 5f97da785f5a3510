-- name: unfinished_job^
-- An import of the same file, read the same way, that did not come to its end.
select import_id, kind, state, file_name, counts::text as counts, checkpoint, author, started_at, changed_at
  from import_job where digest = :digest and state = 'running' order by import_id desc limit 1;

-- name: add_job^
-- A new import, running.
insert into import_job (kind, state, file_name, digest, request, author, started_at, changed_at)
values (:kind, 'running', :file_name, :digest, :request, :author, :now, :now)
returning import_id, kind, state, file_name, counts::text as counts, checkpoint, author, started_at, changed_at;

-- name: job^
-- One import.
select import_id, kind, state, file_name, counts::text as counts, checkpoint, author, started_at, changed_at
  from import_job where import_id = :import_id;

-- name: jobs
-- Every import, newest first.
select import_id, kind, state, file_name, counts::text as counts, checkpoint, author, started_at, changed_at
  from import_job order by import_id desc limit 100;

-- name: note_job!
-- How far an import is, and what it came to so far.
update import_job set checkpoint = :checkpoint, counts = :counts, state = :state, changed_at = :now
 where import_id = :import_id;

-- name: note_refused_file!
-- Refused rows stand in this file, on the machine where we run.
insert into refused_file (path, written_at, import_id) values (:path, :now, :import_id)
    on conflict (path) do update set written_at = excluded.written_at, import_id = excluded.import_id;

-- name: refused_files_of
-- Where the refused rows of these imports stand.
select import_id, path from refused_file where import_id = any(:import_ids::bigint[]) order by import_id, path;

-- name: members_behind
-- Who carries these identifiers now; several rows for a shared contact. Merged members lead to their survivor.
select i.n, m.member_id, bool_or(coalesce(k.verified, false)) as verified, m.status
  from unnest(:hashes::bigint[], :kinds::text[], :shops::bigint[], :normals::text[], :members::bigint[])
       with ordinality as i (hash, kind, shop_id, normal, member_id, n)
  left join identifier_key k
         on k.key_hash = i.hash and k.kind = i.kind and k.shop_id = i.shop_id and k.normal = i.normal
  join member p on p.member_id = coalesce(i.member_id, k.member_id)
  join member m on m.member_id = coalesce(p.survivor_id, p.member_id)
 group by i.n, m.member_id;

-- name: lock_accounts
-- Everybody else who posts for these members waits.
select member_id from member_account where member_id = any(:member_ids::bigint[]) order by member_id for update;

-- name: open_accounts!
-- Accounts of new members, all zeros.
insert into member_account (member_id) select unnest(:member_ids::bigint[]);

-- name: note_enrolments!
-- Who enrolled them: one audit row each.
insert into audit (anchor, at, author, action, details)
select u, :now, :author, 'member.enrolled', :details from unnest(:member_ids::bigint[]) as u;

-- name: announce_enrolments!
-- An event each for the relay, numbered under acts of their own.
insert into outbox (member_id, outbox_id, topic, shop_id, recorded_at, body)
select u.member_id, nextval('act_id_seq') * 4096, 'member.updated', u.shop_id, :now, u.body
  from unnest(:member_ids::bigint[], :shop_ids::bigint[], :bodies::text[]) as u (member_id, shop_id, body);

-- name: sales_with
-- A member's latest sales before a moment that mention one of these goods. Texts are parts of the document.
select p.purchase_id, p.document, p.progress
  from purchase p
 where p.member_id = :member_id and p.status = 'completed' and p.occurred_at <= :before
   and exists (select from unnest(:goods::text[]) as g where strpos(p.document, g) > 0)
 order by p.occurred_at desc, p.purchase_id desc limit 50;

-- name: sale
-- One sale, as sales_with gives it; none where it was cancelled.
select p.purchase_id, p.document, p.progress
  from purchase p
 where p.member_id = :member_id and p.purchase_id = :purchase_id and p.status <> 'cancelled';

-- name: plan$
-- How an import divided the return of this row.
select plan::text from import_plan
 where member_id = :member_id and import_id = :import_id and row_number = :row_number;

-- name: keep_plan!
-- Keep it before the first part is posted.
insert into import_plan (member_id, import_id, row_number, plan)
values (:member_id, :import_id, :row_number, :plan) on conflict do nothing;

-- name: key_known^
-- What a key was used for, by whom, and, where an import did it, whether that was undone since.
select k.subject, a.integration, coalesce(j.state in ('undoing', 'undone'), false) as undone
  from act_key k
  join act a on a.member_id = k.member_id and a.act_id = k.act_id
  left join import_job j on a.integration = 'import:' || j.import_id
 where k.key_hash = :key_hash and k.key_check = :key_check;

-- name: acts_of
-- What an import did, newest first, a page at a time.
select act_id, member_id, kind, answer::text as answer from act
 where integration = :integration and act_id < :before
 order by act_id desc limit :count;

-- name: balances_brought
-- Members who have an opening balance of another import that still stands.
select a.member_id, j.import_id
  from act a
  join import_job j on a.integration = 'import:' || j.import_id
 where a.member_id = any(:member_ids::bigint[]) and a.kind = 'opening_balance' and j.import_id <> :import_id
   and j.state in ('running', 'done');

-- name: owing_after
-- Members whom an import touched and who owe points now.
select m.member_id, m.number, a.debt
  from member_account a join member m on m.member_id = a.member_id
 where a.debt > 0 and a.member_id in (select member_id from act where integration = :integration)
 order by a.debt desc, m.member_id;

-- name: recorded_by_import
-- Of these sales, the ones that this import recorded.
select p.purchase_id
  from unnest(:members::bigint[], :ids::text[]) as i (member_id, purchase_id)
  join purchase p on p.member_id = i.member_id and p.purchase_id = i.purchase_id
  join act a on a.member_id = p.member_id and a.act_id = p.act_id
 where a.integration = :integration;

-- name: hold_tiers!
-- Tiers that came with an end: through it they do not fall, then the measure counts.
insert into member_tier (member_id, programme, tier, since, kept_until, manual, manual_tier, manual_until, changed_at)
select u.member_id, u.programme, u.tier, :now::timestamptz::date, null, 'floor', u.tier, u.until, :now::timestamptz
  from unnest(:member_ids::bigint[], :programmes::text[], :tiers::text[], :until::date[])
       as u (member_id, programme, tier, until);

-- name: let_tiers_go!
-- Of members who are taken back.
delete from member_tier where member_id = any(:member_ids::bigint[]);
