-- Stamp cards: what each sale put onto them, and which cards it filled. A card follows from its rows.

create table stamp (
  member_id bigint not null,               -- whose card was shown
  act_id bigint not null,
  campaign text not null,
  version bigint not null,
  purchase_id text not null,
  day date not null,                       -- the sale's business date
  stamps bigint not null,                  -- below zero when they go back
  size bigint not null,                    -- stamps of a full card, under that version
  until date,                              -- their last day; null: they end with the campaign
  filled bigint[] not null,                -- numbers of the cards that are full with them
  undone bigint[] not null,                -- and of those that are not full any more
  at timestamptz not null,
  primary key (member_id, act_id, campaign)
);
create index stamp_campaign on stamp (campaign);
comment on table stamp is 'member append-only: stamps on members'' cards, given and taken back';

-- Discounts and gifts of campaigns: what counters show follows from it.
create table offer_use (
  member_id bigint not null,               -- where the sale stands; below zero a guest's
  act_id bigint not null,
  campaign text not null,
  version bigint not null,
  what text not null constraint offer_use_what_check check (what in ('use', 'back', 'over', 'over_back')),
  purchase_id text not null,
  shop_id bigint not null,
  amount bigint not null,                  -- yen taken off, below zero when it goes back
  gifts bigint not null,
  at timestamptz not null,
  primary key (member_id, act_id, campaign, what)
);
create index offer_use_campaign on offer_use (campaign);
comment on table offer_use is
  'member append-only: discounts and gifts of campaigns taken (over: although they were not to be had) and given back';
