-- Imports: what was read, how far it is, how its returns were divided. What an import did stands in act,
-- under the integration "import:<number>"; undoing finds it there.

create sequence import_id_seq;
create table import_job (
  import_id bigint primary key default nextval('import_id_seq'),
  kind text not null constraint import_job_kind_check check (kind in ('members', 'purchases', 'balances')),
  state text not null constraint import_job_state_check check (state in ('running', 'done', 'undoing', 'undone')),
  file_name text not null,
  digest text not null,                    -- SHA-256 of the file and of how it was read
  request json not null,                   -- the mapping and the options
  counts json not null default '{}',
  checkpoint bigint not null default 0,    -- every row up to this one is done
  author text not null,
  started_at timestamptz not null,
  changed_at timestamptz not null
);
create index import_job_digest on import_job (digest);
comment on table import_job is 'jobs: files imported: how far each is and what it came to';

create table import_plan (
  member_id bigint not null,
  import_id bigint not null,
  row_number bigint not null,              -- the first row of the receipt
  plan json not null,                      -- parts of the return: sale, number, lines
  primary key (member_id, import_id, row_number)
);
comment on table import_plan is 'member append-only: how an import divided a return over sales, so that a restart divides it alike';

-- Imports are few and large: their acts are found by this, without a cost to anybody else's.
create index act_of_import on act (integration, act_id) where integration like 'import:%';
