-- The application's rights follow the first words of each table's comment (see migrations/0001_ledger.sql).
-- Append-only is kept here and not by triggers, which would close the door to Citus. A registry's keys age out,
-- so there the application may delete; nobody edits them. Partitions are reached through their parent alone.
do $$
declare
  one record;
begin
  grant usage on schema public to goen_app;
  grant usage, select on all sequences in schema public to goen_app;
  for one in
    select c.oid::regclass as name, split_part(obj_description(c.oid, 'pg_class'), ':', 1) as kind
      from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     order by c.relname
  loop
    execute format('revoke all on %s from goen_app', one.name);
    execute format('grant select on %s to goen_app', one.name);
    if one.kind is null then
      continue;                                        -- schema_migration: the owner's own.
    end if;
    execute format('grant %s on %s to goen_app',
      case when one.kind = 'registry append-only' then 'insert, delete'
           when one.kind like '%append-only' then 'insert'
           else 'insert, update, delete' end, one.name);
  end loop;
end
$$;
