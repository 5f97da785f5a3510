-- Members: search, the PIN as a proof, consents, tokens that serve once, answers kept for a repeat, erasure.

alter table member add column searchable text not null default '';   -- normalised name, kana and number, one per line
alter table member add column pin_failures smallint not null default 0;
alter table member add column pin_locked_until timestamptz;
alter table member add column erase_on date;                         -- when a withdrawn member's personal data goes
create index member_erase on member (erase_on) where erase_on is not null;

create sequence consent_id_seq;
create table member_consent (
  member_id bigint not null,
  consent_id bigint not null default nextval('consent_id_seq'),
  kind text not null,                      -- what for: mail, line, third_party ...
  given boolean not null,
  wording text,                            -- the version of the text that was shown
  source text,                             -- where it was said: a form, a till, a letter
  recorded_at timestamptz not null,
  recorded_by text not null,               -- the integration or person who passed it on
  primary key (member_id, consent_id)
);
comment on table member_consent is 'member append-only: what a member agreed to or took back, with proof (rules 55 to 57)';

-- A web shop's token serves once; a row may go once the token itself has expired.
create table used_token (
  token_hash bigint not null,
  shop_id bigint not null,
  jti text not null,
  expires_at timestamptz not null,
  primary key (token_hash, shop_id, jti)
);
create index used_token_old on used_token (expires_at);
comment on table used_token is 'registry append-only: signed member tokens already shown';

-- Answers that carry personal data stand apart from act: kept for 30 days, and gone when the member is.
create table kept_answer (
  key_hash bigint not null,
  key_check bigint not null,               -- the other half of a 128-bit hash of (integration, kind, key)
  request json not null,
  answer json not null,
  member_id bigint not null,
  keep_until date not null,
  primary key (key_hash, key_check)
);
create index kept_answer_old on kept_answer (keep_until);
create index kept_answer_of on kept_answer (member_id);
comment on table kept_answer is 'registry append-only: answers to requests with an Idempotency-Key that moved no points';
