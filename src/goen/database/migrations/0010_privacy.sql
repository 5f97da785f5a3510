-- Privacy: what is personal and goes, who read what, consents with wordings, copies that age out, members of an import.
--
-- A column whose comment begins with "personal" is emptied when its member is erased (erase_personal below; the
-- members room writes its own two tables itself). tests/architecture/test_personal.py asks of every text, JSON and
-- array column in the catalogue whether it is personal or why it is not.

-- Members of an import ----------------------------------------------------------------------------

alter table member add column import_id bigint;           -- the import that enrolled the member, so that it can be undone
create index member_of_import on member (import_id, member_id) where import_id is not null;
create index member_identifier_old on member_identifier (removed_at)
 where removed_at is not null and value <> '' and kind in ('phone', 'email');
create index member_left on member (withdrawn_at) where withdrawn_at is not null;


create table refused_file (
  path text primary key,                   -- on the machine where the import ran
  written_at timestamptz not null
);
comment on table refused_file is 'jobs: files of refused rows that imports have left: personal data outside of the database';

-- Consents ----------------------------------------------------------------------------------------

alter table member_consent add column given_at timestamptz;   -- when it was said; null: when it was recorded

create table consent_wording (
  kind text not null,                      -- what for and by which way: advertising.mail, third_party ...
  version text not null,
  language text not null,
  words text not null,
  made_by text not null,
  made_at timestamptz not null,
  primary key (kind, version, language)
);
comment on table consent_wording is 'reference: the texts that members were shown, by version; never edited';

-- Who read personal data --------------------------------------------------------------------------

create sequence personal_access_id_seq;
create table personal_access (
  member_id bigint not null,
  access_id bigint not null default nextval('personal_access_id_seq'),
  at timestamptz not null,
  reader text not null,                    -- the integration, or the person at the command line
  what text not null,                      -- read, found, listed, consents, exported
  request_id text,
  primary key (member_id, access_id)
);
create index personal_access_old on personal_access using brin (at);
comment on table personal_access is 'member append-only: who read whose personal data, when and how';

-- Old lines age out; nothing else takes any away.
create function forget_accesses(before timestamptz, rows_max bigint) returns bigint
language plpgsql security definer as $$
declare gone bigint;
begin
  delete from public.personal_access p
   using (select member_id, access_id from public.personal_access where at < before limit rows_max) old
   where p.member_id = old.member_id and p.access_id = old.access_id;
  get diagnostics gone = row_count;
  return gone;
end $$;

-- Copies ------------------------------------------------------------------------------------------

-- Tells the lists of departures of different books apart; it travels with every copy.
alter table installation add column mark text not null default gen_random_uuid()::text;

create sequence copy_taken_id_seq;
create table copy_taken (
  copy_id bigint primary key default nextval('copy_taken_id_seq'),
  folder text not null,
  taken_at timestamptz not null,
  keep_until date,                         -- null: for ever
  gone_at timestamptz
);
comment on table copy_taken is 'jobs: backups taken; who has left since is written beside them, so that a restore lets them go again';

-- What is personal --------------------------------------------------------------------------------

comment on column member.name is 'personal';
comment on column member.kana is 'personal';
comment on column member.birth_date is 'personal';
comment on column member.gender is 'personal';
comment on column member.postal_code is 'personal';
comment on column member.address is 'personal';
comment on column member.language is 'personal';
comment on column member.pin_hash is 'personal';
comment on column member.grams is 'personal: parts of name and kana';
comment on column member.searchable is 'personal: name and kana';
comment on column member.kana_order is 'personal';
comment on column member_identifier.value is 'personal';
comment on column member_identifier.normal is 'personal';
comment on column member_consent.wording is 'personal: free text where no wording is registered';
comment on column member_consent.source is 'personal: free text';
comment on column audit.note is 'personal: free text about a member';
comment on column behaviour.properties is 'personal: whatever the shop told';
comment on column hold.reference is 'personal: the shop''s own words';
comment on column member_merge.reason is 'personal: free text';
comment on column match_review.reason is 'personal: free text; the pair goes with either of both';

-- The planner keeps samples of what stands in a column; of personal ones it need not.
alter table member alter column name set statistics 0;
alter table member alter column kana set statistics 0;
alter table member alter column birth_date set statistics 0;
alter table member alter column postal_code set statistics 0;
alter table member alter column address set statistics 0;
alter table member alter column pin_hash set statistics 0;
alter table member alter column grams set statistics 0;
alter table member alter column searchable set statistics 0;
alter table member alter column kana_order set statistics 0;
alter table member_identifier alter column value set statistics 0;
alter table member_identifier alter column normal set statistics 0;
alter table identifier_key alter column normal set statistics 0;
alter table member_consent alter column wording set statistics 0;
alter table member_consent alter column source set statistics 0;
alter table audit alter column reason set statistics 0;
alter table audit alter column note set statistics 0;
alter table hold alter column reference set statistics 0;
alter table entry alter column reason set statistics 0;
alter table member_merge alter column reason set statistics 0;
alter table match_review alter column reason set statistics 0;

-- Samples taken before today: servers from PostgreSQL 18 on can drop them; older ones forget them when they are
-- upgraded to it.
do $$
declare one record;
begin
  if to_regprocedure('pg_catalog.pg_clear_attribute_stats(text, text, text, boolean)') is null then return; end if;
  for one in
    select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and a.attstattarget = 0
  loop
    perform pg_catalog.pg_clear_attribute_stats('public', one.relname::text, one.attname::text, false);
  end loop;
end $$;

-- Acts that may carry somebody's own words, or those of the staff about them: few beside sales, and found by member.
create index act_with_words on act (member_id)
 where kind in ('adjustment', 'transfer', 'hold', 'capture', 'release', 'hold_expiry', 'cancel', 'revive', 'return',
                'merge', 'merge_undo');

-- The one way in which history changes: words about members who have left go, numbers and dates stay. It takes
-- withdrawn members (and those merged into one) and nobody else, so that the right to call it opens nothing more.
create function erase_personal(members bigint[]) returns void language plpgsql security definer as $$
declare
  one record;
  -- A merge that was undone left rows with the survivor, and a household has the sales of its people.
  homes bigint[] := array(
    with recursive h (member_id) as (
      select unnest(members)
      union
      select g.survivor_id from h join public.member_merge g on g.member_id = h.member_id
    )
    select member_id from h
    union
    select m.household_id from public.household_member m where m.member_id = any (members));
  -- Of the acts in those other books the ones that are about these people, as "member act".
  acts text[] := array(
    select e.member_id || ' ' || e.act_id from public.entry e
     where e.member_id = any (homes) and not e.member_id = any (members) and e.member_as_presented = any (members)
    union
    select a.member_id || ' ' || a.act_id
      from public.hold h
      join public.act a on a.member_id = h.member_id
                       and (a.act_id = h.act_id or a.kind in ('release', 'hold_expiry') and a.request ->> 'hold' = h.hold_id)
     where h.member_id = any (homes) and not h.member_id = any (members) and h.member_as_presented = any (members)
    union
    select g.survivor_id || ' ' || unnest(array[g.act_id, g.undo_act_id])
      from public.member_merge g where g.member_id = any (members));
begin
  if exists (select from public.member m where m.member_id = any (members) and m.status not in ('withdrawn', 'merged')) then
    raise exception 'only members who have left are erased' using errcode = 'GO010';
  end if;
  for one in
    select c.relname as name,
           case when exists (select from pg_catalog.pg_attribute h where h.attrelid = c.oid and h.attname = 'member_id'
                                and not h.attisdropped) then 'member_id' else 'anchor' end as home,
           exists (select from pg_catalog.pg_attribute h where h.attrelid = c.oid and h.attname = 'member_as_presented'
                      and not h.attisdropped) as shown,
           string_agg(format('%I = %s', a.attname,
             case when not a.attnotnull then 'null'
                  when a.atttypid in ('json'::regtype, 'jsonb'::regtype) or t.typcategory = 'A' then '''{}'''
                  else '''''' end), ', ' order by a.attnum) as changes,
           string_agg(format('%I is not null', a.attname), ' or ' order by a.attnum) as filled
      from pg_catalog.pg_class c
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_catalog.pg_type t on t.oid = a.atttypid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and c.relname not in ('member', 'member_identifier')
       and pg_catalog.col_description(c.oid, a.attnum) like 'personal%'
     group by c.oid, c.relname
  loop
    execute format('update public.%I set %s where (%I = any ($1)%s) and (%s)', one.name, one.changes, one.home,
                   case when one.shown then format(' or %I = any ($2) and member_as_presented = any ($1)', one.home) end,
                   one.filled)
      using members, homes;
  end loop;
  -- A pair with somebody who is gone is no question any more, whichever side it stands on.
  delete from public.match_review where member_id = any (members) or other_id = any (members);
  -- The reason of an adjustment is one of five words, and figures go by it; any other is free text.
  update public.audit set reason = null
   where anchor = any (members) and reason is not null and action <> 'points.adjusted';
  update public.audit u set reason = null
   where u.anchor = any (homes) and u.action in ('member.merged', 'member.unmerged') and u.reason is not null
     and u.details ->> 'merge_id' in (select g.merge_id from public.member_merge g where g.member_id = any (members));
  update public.audit u set note = null
   where u.anchor = any (homes) and u.note is not null
     and u.details ->> 'adjustment_id' in (select a.answer::json ->> 'id' from public.act a
                                            where a.member_id = any (homes) and a.kind = 'adjustment'
                                              and a.member_id || ' ' || a.act_id = any (acts));
  update public.entry e set reason = null
    from public.act a
   where a.member_id = any (homes) and a.kind in ('cancel', 'revive', 'return', 'capture')
     and e.member_id = a.member_id and e.act_id = a.act_id and e.reason is not null
     and (e.member_id = any (members) or e.member_as_presented = any (members));
  update public.purchase_return set document = (document::jsonb - 'reason')::json
   where (member_id = any (members) or member_id = any (homes) and member_as_presented = any (members))
     and document::jsonb ? 'reason';
  -- Events are without personal data, but those of a hold carry the shop's own words. The feed is not kept by member.
  -- What a household's other people or a survivor did may lose its reference as well.
  if exists (select from public.act a where a.member_id = any (homes) and a.kind = 'hold'
                and a.answer like '%"reference":"%') then
    update public.feed set body = (case when topic = 'points.posted' then body::jsonb - 'external_id'
                                        else body::jsonb - 'reference' end)::text
     where member_id = any (homes)
       and (topic like 'hold.%' or (topic = 'points.posted' and body::jsonb ->> 'purchase_id' is null));
    update public.outbox set body = (case when topic = 'points.posted' then body::jsonb - 'external_id'
                                          else body::jsonb - 'reference' end)::text
     where member_id = any (homes)
       and (topic like 'hold.%' or (topic = 'points.posted' and body::jsonb ->> 'purchase_id' is null));
  end if;
  update public.act a
     set request = (case when a.kind = 'adjustment' then a.request::jsonb - 'note'
                         else a.request::jsonb - array['note', 'reason', 'reference'] #- '{body,reason}' end)::json,
         answer = case when a.answer like '%"reference"%' then (a.answer::jsonb - 'reference')::text else a.answer end
   where a.member_id = any (homes)
     and a.kind in ('adjustment', 'transfer', 'hold', 'capture', 'release', 'hold_expiry', 'cancel', 'revive', 'return',
                    'merge', 'merge_undo')
     and (a.member_id = any (members) or a.member_id || ' ' || a.act_id = any (acts))
     and (a.request::text like '%"note"%' or a.request::text like '%"reason"%' or a.request::text like '%"reference"%'
          or a.answer like '%"reference"%');
end $$;

-- Takes members of an import back as if they had never been enrolled: only those who never had anything on their books.
create function forget_newcomers(members bigint[]) returns void language plpgsql security definer as $$
begin
  if exists (select from public.member_account a where a.member_id = any (members) and a.seq > 0)
     or exists (select from public.member m where m.member_id = any (members) and m.import_id is null)
     or exists (select from public.member m where m.survivor_id = any (members))
     or exists (select from public.household_member h where h.member_id = any (members)) then
    raise exception 'only members of an import who have no books are forgotten' using errcode = 'GO010';
  end if;
  delete from public.match_review where member_id = any (members) or other_id = any (members);
  delete from public.member_consent where member_id = any (members);
  delete from public.personal_access where member_id = any (members);
  delete from public.member_identifier where member_id = any (members);
  delete from public.member_account where member_id = any (members);
  delete from public.member where member_id = any (members);
end $$;
