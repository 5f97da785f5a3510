-- What a tier given by hand stands in for, so that it ends as if nothing had been given; who is looked at again.

alter table member_tier
  add column before_tier text,             -- given by hand: the tier of its own from before
  add column before_kept_until date,       -- before this day that one does not fall
  add column given_on date,                -- through this day that one has been looked at
  add column manual_from bigint;           -- came with this member's card in a merge, and goes with it again

-- What stood before is in the history; where giving changed nothing, it is the tier itself.
update member_tier t
   set before_tier = coalesce(c.from_tier, case when c.change is null then t.tier end), given_on = coalesce(c.day, t.since)
  from member_tier s
  left join lateral (
    select x.change, x.from_tier, x.day from member_tier_change x
     where x.member_id = s.member_id and x.programme = s.programme and x.why = 'manual'
     order by x.change desc limit 1) c on true
 where s.member_id = t.member_id and s.programme = t.programme and t.manual is not null
   -- An import has given its tiers without a word in the books: they are nobody's own.
   and exists (select from audit a where a.anchor = t.member_id and a.action = 'member.tier_given');

-- One row for each card that came: several may come before the worker looks.
alter table tier_due add column source_id bigint not null default 0;  -- the card that came or left; late: 0
alter table tier_due drop constraint tier_due_pkey;
alter table tier_due add primary key (member_id, source_id);
alter table tier_due drop constraint tier_due_why_check;
alter table tier_due add constraint tier_due_why_check check (why in ('merged', 'parted', 'late'));

-- A revived sale gives back the coupons that its cancel voided, and no others.
alter table coupon add column void_act bigint;  -- the act that voided it; null: somebody did by hand

-- Voiding and using a code wait for each other: whoever comes second sees what the first has done.
alter table coupon add column void_uses bigint;  -- how many uses stood when it was voided; no more come

create function guard_coupon(hash bigint, named text) returns void language plpgsql as $$
begin
  -- A public code has no version; it is given up for sales from then on, and hot.
  perform 1 from coupon c
   where c.code_hash = hash and c.code = named and c.version is not null and c.void_at is null for share;
  if not found and exists (select from coupon c where c.code_hash = hash and c.code = named and c.version is not null) then
    raise exception 'a coupon is void by now' using errcode = 'GO001';
  end if;
end $$;

create function void_coupon(hash bigint, named text, at timestamptz, act bigint, unused boolean) returns boolean
language plpgsql as $$
declare standing bigint;
begin
  perform 1 from coupon c where c.code_hash = hash and c.code = named for no key update;
  if not found then return false; end if;
  -- A statement of its own, after the lock: it sees the use that was waited for.
  select count(*) filter (where u.what = 'use') - count(*) filter (where u.what = 'back') into standing
    from coupon_use u where u.code_hash = hash and u.code = named;
  if unused then
    update coupon c set void_at = at, void_act = act, void_uses = standing
     where c.code_hash = hash and c.code = named and c.void_at is null and standing = 0;
  else
    update coupon c set void_at = coalesce(c.void_at, at), void_act = act, void_uses = coalesce(c.void_uses, standing)
     where c.code_hash = hash and c.code = named;
  end if;
  return true;
end $$;

-- Asked for again, a batch that is complete makes nothing, whoever has come into its segment since.
alter table coupon_batch add column finished_at timestamptz;
