# ruff: noqa: E501 - queries and planted damage read better on one line.
"""The rules that keep the door to Citus open, read from the catalogue of a migrated database.

Each rule is a query that gives one sentence per thing that breaks it, so a failure names table and
cause. Below, each rule is shown to fail on planted damage. Rule numbers are those of ARCHITECTURE.md,
"Rules that keep the door to Citus open".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import asyncpg
import pytest

from goen.database.migrate import shipped

KINDS = ("reference", "member", "member append-only", "registry", "registry append-only", "feed", "jobs")

# Every table but partitions (they follow their parent), with the kind its comment names, the column that
# distributes it, and its primary key and unique indexes as arrays of column names.
PREAMBLE = """
with tables as (
  select c.oid, c.relname as name, split_part(coalesce(obj_description(c.oid, 'pg_class'), ''), ':', 1) as kind,
         (select a.attname from pg_attribute a
           where a.attrelid = c.oid and a.attname in ('member_id', 'anchor') and not a.attisdropped
           order by a.attname = 'anchor' limit 1) as home
    from pg_class c
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
     and c.relname <> 'schema_migration'
), columns as (
  select t.oid, t.name as on_table, t.kind, t.home, a.attname::text as name, a.atttypid::regtype::text as type,
         a.attnotnull, a.attidentity, a.attgenerated
    from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
), uniques as (
  select t.oid, t.name as on_table, t.kind, t.home, i.indisprimary, ci.relname as name,
         array(select a.attname::text from unnest(i.indkey) with ordinality k (attnum, nth)
                 join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
                where k.nth <= i.indnkeyatts order by k.nth) as columns
    from tables t join pg_index i on i.indrelid = t.oid and i.indisunique
    join pg_class ci on ci.oid = i.indexrelid
), links as (
  select k.conname as name, f.name as on_table, f.kind, f.home, t.name as to_table, t.kind as to_kind,
         t.home as to_home,
         array(select a.attname::text from unnest(k.conkey) with ordinality x (attnum, nth)
                 join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.attnum order by x.nth) as columns,
         array(select a.attname::text from unnest(k.confkey) with ordinality x (attnum, nth)
                 join pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.attnum order by x.nth) as to_columns
    from pg_constraint k join tables f on f.oid = k.conrelid join tables t on t.oid = k.confrelid
   where k.contype = 'f'
), functions as (
  select p.oid, p.proname as name, p.proconfig,
         regexp_replace(lower(pg_get_functiondef(p.oid)), '--[^\n]*|/\\*.*?\\*/', '', 'g') as body
    from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p')
     and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
)
"""


@dataclass(frozen=True)
class Rule:
    """A rule: its number and words, the query for what breaks it, and damage that the query must find."""

    name: str
    query: str
    damage: str
    found: str
    """Part of the sentence that names the damage."""


RULES = (
    Rule(
        "every table says in its comment what it is",
        f"select name || ': its comment begins with none of the kinds' from tables where kind <> all (array{list(KINDS)})",
        "create table stray (stray_id bigint primary key)",
        "stray",
    ),
    Rule(
        "1: every table has a primary key",
        "select name || ' has no primary key' from tables t"
        " where not exists (select from uniques u where u.oid = t.oid and u.indisprimary)",
        "create table stray (a bigint); comment on table stray is 'reference: damage'",
        "stray has no primary key",
    ),
    Rule(
        "1: a member's table has member_id, or anchor, as bigint not null",
        "select t.name || ' has no bigint not null member_id or anchor' from tables t where t.kind like 'member%'"
        " and not exists (select from columns c where c.oid = t.oid and c.name = t.home and c.type = 'bigint'"
        " and c.attnotnull)",
        "create table stray (a bigint primary key, member_id bigint); comment on table stray is 'member: damage'",
        "stray has no",
    ),
    Rule(
        "1: what carries member_id not null but calls itself something else is a registry or the feed",
        "select t.name || ' has a member_id but is of kind ' || t.kind from tables t"
        " where t.kind in ('reference', 'jobs') and exists (select from columns c where c.oid = t.oid"
        " and c.name = 'member_id' and c.attnotnull)",
        "create table stray (a bigint primary key, member_id bigint not null);"
        " comment on table stray is 'reference: damage'",
        "stray has a member_id",
    ),
    Rule(
        "1: member_id is in the primary key and in each unique key",
        "select u.on_table || ': unique index ' || u.name || ' lacks ' || u.home from uniques u"
        " where u.kind like 'member%' and u.home <> all (u.columns)",
        "create unique index stray_key on lot (act_id)",
        "unique index stray_key lacks member_id",
    ),
    Rule(
        "3: a registry is keyed by a bigint that leads every unique key",
        "select u.on_table || ': unique index ' || u.name || ' does not begin with the registry''s bigint key'"
        " from uniques u join uniques p on p.oid = u.oid and p.indisprimary"
        " join columns c on c.oid = u.oid and c.name = p.columns[1]"
        " where u.kind like 'registry%' and (u.columns[1] <> p.columns[1] or c.type <> 'bigint')",
        "create unique index stray_key on act_key (subject)",
        "act_key: unique index stray_key",
    ),
    Rule(
        "3: a registry has no generated column",
        "select on_table || '.' || name || ' is generated' from columns"
        " where attgenerated <> '' and (kind like 'registry%' or name = home)",
        "alter table act_key add column stray bigint generated always as (key_hash + 1) stored",
        "act_key.stray is generated",
    ),
    Rule(
        "5: no identity columns",
        "select on_table || '.' || name || ' is an identity column' from columns where attidentity <> ''",
        "create table stray (stray_id bigint generated always as identity primary key)",
        "stray.stray_id is an identity",
    ),
    Rule(
        "5: ids are bigint, and nothing is int",
        "select on_table || '.' || name || ' is ' || type from columns c where type = 'integer'"
        " or (type = 'smallint' and name like '%\\_id' and not exists (select from pg_constraint k"
        " where k.conrelid = c.oid and k.contype = 'c' and pg_get_constraintdef(k.oid) = format('CHECK ((%s = 1))', name)))",
        "alter table hold add column stray_id smallint; alter table lot add column stray int",
        "hold.stray_id is smallint",
    ),
    Rule(
        "5: sequences count in bigint",
        "select c.relname || ' counts in ' || s.seqtypid::regtype from pg_sequence s"
        " join pg_class c on c.oid = s.seqrelid where s.seqtypid <> 'bigint'::regtype",
        "create sequence stray as int",
        "stray counts in integer",
    ),
    Rule(
        "6: a foreign key goes to a reference table, or between members' tables with member_id on both sides",
        "select on_table || ': foreign key ' || name || ' goes to ' || to_table from links where not ("
        " to_kind = 'reference' or (kind = 'jobs' and to_kind = 'jobs')"
        " or (kind like 'member%' and to_kind like 'member%' and home = 'member_id' and to_home = 'member_id'"
        " and array_position(columns, 'member_id') = array_position(to_columns, 'member_id')))"
        " or to_table = 'entry'",
        "alter table hold add constraint stray foreign key (member_id, act_id) references act (member_id, act_id);"
        " create table strayjob (a bigint primary key, member_id bigint,"
        " constraint stray_job foreign key (member_id) references member_account);"
        " comment on table strayjob is 'jobs: damage'",
        "strayjob: foreign key stray_job goes to member_account",
    ),
    Rule(
        "6: no foreign key to a limit, a registry or entry",
        "select on_table || ': foreign key ' || name || ' goes to ' || to_table from links"
        " where to_kind like 'registry%' or to_home = 'anchor' or to_table = 'entry'",
        "alter table limit_draw add constraint stray_link foreign key (anchor, code, period) references limit_account",
        "foreign key stray_link goes to limit_account",
    ),
    Rule(
        "6: foreign keys have names of their own",
        "select on_table || ': foreign key ' || name || ' was named by the server' from links"
        " where name = on_table || '_' || array_to_string(columns, '_') || '_fkey'",
        "alter table hold add foreign key (shop_id) references shop",
        "hold: foreign key hold_shop_id_fkey",
    ),
    Rule(
        "7: no triggers",
        "select c.relname || ': trigger ' || t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid"
        " where not t.tgisinternal",
        "create trigger stray before update on lot for each row execute function suppress_redundant_updates_trigger()",
        "lot: trigger stray",
    ),
    Rule(
        "7: no rules",
        "select c.relname || ': rule ' || r.rulename from pg_rewrite r join pg_class c on c.oid = r.ev_class"
        " where c.relnamespace = 'public'::regnamespace and r.rulename <> '_RETURN'",
        "create rule stray as on delete to entry do instead nothing",
        "entry: rule stray",
    ),
    Rule(
        "7: append-only is kept by grants",
        "select t.name || ': the application may ' || p.privilege from tables t"
        " cross join unnest(array['update', 'delete', 'truncate']) p (privilege)"
        " where has_table_privilege('goen_app', t.oid, p.privilege) and t.kind like '%append-only'"
        " and not (t.kind like 'registry%' and p.privilege = 'delete')",
        "grant update on entry to goen_app",
        "entry: the application may update",
    ),
    Rule(
        "7: append-only holds for each column too",
        "select on_table || '.' || name || ': the application may update it' from columns"
        " where kind like '%append-only' and has_column_privilege('goen_app', oid, name, 'update')",
        "grant update (reason) on entry to goen_app",
        "entry.reason",
    ),
    Rule(
        "7: exclude only on reference tables",
        "select t.name || ': exclude constraint ' || k.conname from pg_constraint k join tables t on t.oid = k.conrelid"
        " where k.contype = 'x' and t.kind <> 'reference'",
        "alter table lot add constraint stray exclude using gist (int8range(lot_id, lot_id, '[]') with &&)",
        "lot: exclude constraint stray",
    ),
    Rule(
        "7, 9: functions neither notify nor read the clock nor make temporary tables nor merge",
        "select f.name || ' uses ' || m[1] from functions f, regexp_matches(f.body,"
        " '\\m(pg_notify|notify|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|now\\s*\\(|"
        "current_timestamp|current_date|current_time|localtime|localtimestamp|create\\s+temp|create\\s+temporary|"
        "merge\\s+into|grouping\\s+sets|cube\\s*\\(|rollup\\s*\\()', 'g') m",
        "create function stray() returns void language plpgsql as"
        " $$ begin perform 1; insert into feed_head values (now()::text::smallint); end $$",
        "stray uses now(",
    ),
    Rule(
        "11: functions carry no settings",
        "select name || ' sets ' || array_to_string(proconfig, ', ') from functions where proconfig is not null",
        "create function stray() returns int language sql set plan_cache_mode = force_generic_plan as 'select 1'",
        "stray sets plan_cache_mode",
    ),
    Rule(
        "11: roles and the database carry no settings",
        "select 'settings stored: ' || array_to_string(setconfig, ', ') from pg_db_role_setting"
        " where setdatabase = (select oid from pg_database where datname = current_database())",
        "do $$ begin execute format('alter database %I set plan_cache_mode = auto', current_database()); end $$",
        "plan_cache_mode=auto",
    ),
    Rule(
        "10: the outbox is a member's table, beside entry",
        "select 'outbox is not a member''s table' where not exists"
        " (select from tables where name = 'outbox' and kind like 'member%')",
        "comment on table outbox is 'jobs: damage'",
        "outbox is not",
    ),
    Rule(
        "1: entry is partitioned by month of booked_on, with a default partition",
        "select 'entry is not partitioned by range (booked_on) with a default partition' where not exists"
        " (select from pg_partitioned_table p where p.partrelid = 'entry'::regclass and p.partdefid <> 0"
        " and pg_get_partkeydef(p.partrelid) = 'RANGE (booked_on)')",
        "alter table entry detach partition entry_default",
        "entry is not partitioned",
    ),
)


async def _broken(connection: asyncpg.Connection, rule: Rule) -> list[str]:
    return [str(row[0]) for row in await connection.fetch(f"{PREAMBLE} {rule.query} order by 1")]


async def test_the_catalogue_keeps_the_rules(owner: asyncpg.Connection) -> None:
    broken = [f"rule {rule.name}: {line}" for rule in RULES for line in await _broken(owner, rule)]
    assert broken == [], "\n".join(["", *broken])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
async def test_planted_damage_is_named(owner: asyncpg.Connection, rule: Rule) -> None:
    await owner.execute(rule.damage)
    assert any(rule.found in line for line in await _broken(owner, rule)), await _broken(owner, rule)


def _breaks_text(sql: str) -> list[str]:
    """What the text of a migration shows and the catalogue does not (rules 6, 7 and 11)."""
    bare = re.sub(r"--[^\n]*", "", sql).lower()
    found = [
        f"two constraints in one statement: {' '.join(statement.split())[:80]}"
        for statement in re.sub(r"\$(\w*)\$.*?\$\1\$", "", bare, flags=re.DOTALL).split(";")
        if len(re.findall(r"\badd\s+(constraint|foreign|primary|unique|check|exclude)\b", statement)) > 1
    ]
    for word in (r"plan_cache_mode", r"\balter\s+(system|role|database)\b", r"\bset\s+(local|session)\b"):
        found += [f"a setting in a migration: {match[0]}" for match in re.finditer(word, bare)]
    return found


def test_migrations_add_one_constraint_a_statement_and_no_settings() -> None:
    broken = {f"{each.number:04}_{each.name}": _breaks_text(each.sql) for each in shipped()}
    assert {name: lines for name, lines in broken.items() if lines} == {}


@pytest.mark.parametrize(
    "damage",
    [
        "alter table a add constraint b check (c > 0), add constraint d check (e > 0)",
        "set local plan_cache_mode = force_generic_plan",
        "alter role goen_app set work_mem = '1GB'",
    ],
)
def test_damage_in_the_text_of_a_migration_is_named(damage: str) -> None:
    assert _breaks_text(f"create table a (b bigint);\n{damage};") != []
