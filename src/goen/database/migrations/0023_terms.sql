-- Terms of membership: versions with dates, notices of them, and who has accepted which (rule 55).

create table terms (
  version text primary key,
  holds_from date not null,                -- from the beginning of this day, where the books are kept
  notice_on date not null,                 -- from this day on members can read it
  worsening boolean not null,              -- takes something from members
  document json not null,                  -- title, text and what is different, by language
  made_by text not null,
  made_at timestamptz not null,
  withdrawn_at timestamptz,                -- taken back before it held
  withdrawn_by text
);
comment on table terms is 'reference: terms of membership by version; their words are never edited';

create table terms_notice (
  version text not null constraint terms_notice_version references terms (version),
  notice_id bigint not null,               -- 1, 2, 3 … of this version
  told_on date not null,
  place text not null,                     -- mail, store, web and the like
  words text,
  made_by text not null,
  made_at timestamptz not null,
  primary key (version, notice_id)
);
comment on table terms_notice is 'reference: where and when members were told of terms to come, beside our own pages';

create table member_terms (
  member_id bigint not null,
  version text not null,
  accepted_at timestamptz not null,        -- when it was said
  channel text not null constraint member_terms_channel_check check (channel in ('till', 'web', 'api', 'me', 'paper')),
  shop_id bigint,
  recorded_at timestamptz not null,
  recorded_by text not null,
  primary key (member_id, version)
);
comment on table member_terms is 'member: which terms of membership each member has accepted; rows go with erasure';
