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
