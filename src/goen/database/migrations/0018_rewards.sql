-- Rewards: what points are exchanged for, the codes of others that are given away, and the orders.

create table reward (
  code text primary key,
  stock_anchor bigint not null,            -- the stand-in under which its stock and codes are counted
  document json not null,
  changed_at timestamptz not null,
  changed_by text not null
);
comment on table reward is 'reference: rewards by code, as they are to be had now';

create table reward_code (
  reward text not null constraint reward_code_reward references reward (code),
  number bigint not null,                  -- the order in which they are given away
  value text not null,
  primary key (reward, number),
  constraint reward_code_once unique (reward, value)
);
comment on table reward_code is 'reference: codes of gifts of others; which are gone follows from the orders';

create table reward_order (
  member_id bigint not null,               -- whose card was shown
  pool_id bigint,                          -- the household whose points they were
  order_id text not null,
  reward text not null,
  status text not null constraint reward_order_status_check
    check (status in ('ordered', 'shipped', 'done', 'cancelled')),
  points bigint not null,
  money bigint not null,
  lots json not null,                      -- what was drawn: points, and the terms of their lots
  delivery text not null,
  coupon text,                             -- the coupon that was issued for it
  code_number bigint,                      -- the code that was given away
  address json,                            -- personal: where it is sent
  tracking text,
  ordered_at timestamptz not null,
  changed_at timestamptz not null,
  act_id bigint not null,
  shop_id bigint,
  primary key (member_id, order_id)
);
create index reward_order_open on reward_order (ordered_at, member_id, order_id) where status in ('ordered', 'shipped');
create index reward_order_code on reward_order (reward, code_number) where code_number is not null;
comment on column reward_order.address is 'personal: where it is sent';
comment on table reward_order is 'member: rewards that members have taken for points';

-- A reward's coupon goes with the order; where it was used meanwhile the order is looked at again.
create function take_reward_coupon(hash bigint, named text, at timestamptz, act bigint) returns void
language plpgsql as $$
begin
  perform void_coupon(hash, named, at, act, true);
  if exists (select from coupon c where c.code_hash = hash and c.code = named and c.void_at is null) then
    raise exception 'the coupon of a reward was used' using errcode = 'GO001';
  end if;
end $$;

-- An order falls away; where it was sent, handed out or cancelled meanwhile it is looked at again.
create function cancel_reward_order(member bigint, named text, was text, at timestamptz) returns void
language plpgsql as $$
begin
  update reward_order o set status = 'cancelled', changed_at = at
   where o.member_id = member and o.order_id = named and o.status = was;
  if not found then
    raise exception 'the order of a reward has gone on' using errcode = 'GO001';
  end if;
end $$;
