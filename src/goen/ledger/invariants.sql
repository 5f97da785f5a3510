-- Each query names what is wrong: the invariant's code, under whom, what, and how it differs. Nothing comes back
-- where the books are right. Queries over a piece take the members from :low through :high, both included; each
-- is one statement and so sees one moment, however lively the ledger is. What is looked for in a row stands in one
-- array of "code: detail", null where all is well: a list of rows would be set up anew for each of them.

-- name: guests_through$
-- The last stand-in of the next piece of guest sales; null where fewer than a piece are left. Read-only.
select p.member_id from purchase p
 where p.member_id >= :low and p.member_id < 0 order by p.member_id offset :members::bigint - 1 limit 1;

-- name: members_through$
-- The last member of the next piece; null where fewer than a piece are left. Read-only.
select m.member_id from member m
 where m.member_id >= :low order by m.member_id offset :members::bigint - 1 limit 1;

-- name: piece_accounts
-- Running balances against entries, lots and holds. Read-only.
with accounts as (
  select * from member_account where member_id between :low and :high
), members as (
  select member_id, number from member where member_id between :low and :high
), entries as (
  select member_id, max(seq) as seq,
         sum(case when target = 'points' then points when source = 'points' then -points else 0 end)::bigint
           as booked,
         sum(case when target = 'pending' then points when source = 'pending' then -points else 0 end)::bigint
           as pending
    from entry where member_id between :low and :high group by member_id
), lots as (
  select member_id, max(lot_id) as seq, coalesce(sum(remaining) filter (where open)::bigint, 0) as booked,
         sum(held)::bigint as held,
         coalesce(-sum(remaining) filter (where kind = 'debt')::bigint, 0) as debt
    from lot where member_id between :low and :high group by member_id
), holds as (
  select h.member_id, sum((draw ->> 1)::bigint)::bigint as held from hold h, json_array_elements(h.draws) draw
   where h.member_id between :low and :high and h.status = 'open' group by h.member_id
)
select split_part(wrong, ': ', 1) as code, member_id as anchor, '' as what,
       substring(wrong from position(': ' in wrong) + 2) as detail
  from accounts a
  full join members m using (member_id) full join entries e using (member_id)
  full join lots l using (member_id) full join holds h using (member_id)
 cross join lateral unnest(array[
   case when a.version is null then 'account_missing: there is no account' end,
   case when m.number is null and member_id > 0 then 'account_missing: there is no member' end,
   case when a.booked <> coalesce(e.booked, 0)
     then format('booked_entries: booked %s, entries %s', a.booked, coalesce(e.booked, 0)) end,
   case when a.booked <> coalesce(l.booked, 0)
     then format('booked_lots: booked %s, open lots %s', a.booked, coalesce(l.booked, 0)) end,
   case when a.pending <> coalesce(e.pending, 0)
     then format('pending_entries: pending %s, entries %s', a.pending, coalesce(e.pending, 0)) end,
   case when a.held <> coalesce(l.held, 0)
     then format('held_lots: held %s, lots %s', a.held, coalesce(l.held, 0)) end,
   case when a.held <> coalesce(h.held, 0)
     then format('held_holds: held %s, open holds %s', a.held, coalesce(h.held, 0)) end,
   case when a.debt <> coalesce(l.debt, 0)
     then format('debt_lots: debt %s, debt lots %s', a.debt, coalesce(l.debt, 0)) end,
   case when greatest(e.seq, l.seq) > a.seq
     then format('numbers: the account counts to %s, its rows to %s', a.seq, greatest(e.seq, l.seq)) end
 ]) wrong
 where wrong is not null;

-- name: piece_lots
-- Lots against their moves, holds and expiries. Read-only.
with lots as (
  select * from lot where member_id between :low and :high
), moves as (
  select member_id, lot_id, sum(points)::bigint as points from lot_move
   where member_id between :low and :high group by member_id, lot_id
), holds as (
  select h.member_id, (draw ->> 0)::bigint as lot_id, sum((draw ->> 1)::bigint)::bigint as points
    from hold h, json_array_elements(h.draws) draw
   where h.member_id between :low and :high and h.status = 'open' group by h.member_id, 2
), expiries as (
  select v.member_id, v.lot_id, -sum(v.points)::bigint as points
    from entry e
    join lot_move v on v.member_id = e.member_id and v.seq = e.seq
   where e.member_id between :low and :high and v.member_id between :low and :high and e.kind = 'expire'
   group by v.member_id, v.lot_id
)
select split_part(wrong, ': ', 1) as code, member_id as anchor, format('lot %s', lot_id) as what,
       substring(wrong from position(': ' in wrong) + 2) as detail
  from lots l
  full join moves v using (member_id, lot_id) full join holds h using (member_id, lot_id)
  full join expiries x using (member_id, lot_id)
 cross join lateral unnest(array[
   case when l.kind is null then 'lot_missing: moved or held, and not there' end,
   case when l.points + coalesce(v.points, 0) <> l.remaining
     then format('lot_moves: granted %s, moved %s, remaining %s', l.points, coalesce(v.points, 0), l.remaining) end,
   case when l.held <> coalesce(h.points, 0)
     then format('lot_holds: held %s, open holds %s', l.held, coalesce(h.points, 0)) end,
   case when l.expired <> l.expired_before + coalesce(x.points, 0)
     then format('lot_expired: expired %s, entries %s', l.expired, l.expired_before + coalesce(x.points, 0)) end,
   case when l.open <> (l.remaining <> 0) or l.held < 0 or l.held > greatest(l.remaining, 0)
                        or (l.kind = 'debt' and l.remaining > 0) or (l.kind <> 'debt' and l.remaining < 0)
     then format('lot_state: %s, remaining %s, held %s, open %s', l.kind, l.remaining, l.held, l.open) end
 ]) wrong
 where wrong is not null;

-- name: piece_entries
-- Each entry's number, balance and act. Read-only.
select split_part(wrong, ': ', 1) as code, e.member_id as anchor, format('entry %s', e.seq) as what,
       substring(wrong from position(': ' in wrong) + 2) as detail
  from (select member_id, seq, act_id, balance_after, 'points' in (source, target) as points,
               lag(seq) over w as before,
               sum(case when target = 'points' then points when source = 'points' then -points else 0 end) over w
                 ::bigint as booked,
               sum(case when target = 'pending' then points when source = 'pending' then -points else 0 end) over w
                 ::bigint as pending
          from entry where member_id between :low and :high
        window w as (partition by member_id order by seq rows unbounded preceding)) e
  left join lot l on l.member_id = e.member_id and l.lot_id = e.seq and l.member_id between :low and :high
 cross join lateral unnest(array[
   case when e.balance_after <> case when e.points then e.booked else e.pending end
     then format('entry_balance: balance after it %s, entries up to it %s', e.balance_after,
                 case when e.points then e.booked else e.pending end) end,
   case when e.before = e.seq then 'numbers: the number is given to two entries' end,
   case when l.lot_id is not null then 'numbers: the number is given to a lot as well' end,
   case when not exists (select from act a where a.act_id = e.act_id)
     then format('entry_act: act %s is not there', e.act_id) end
 ]) wrong
 where wrong is not null;

-- name: piece_acts
-- What an act's entries moved on an account, its lots moved too. Read-only.
select 'act_lots' as code, moved.member_id as anchor, format('act %s', moved.act_id) as what,
       format('entries %s, lots %s', sum(moved.entries), sum(moved.lots)) as detail
  from (select member_id, act_id,
               case when target = 'points' then points when source = 'points' then -points else 0 end as entries,
               0 as lots
          from entry where member_id between :low and :high
        union all
        select member_id, act_id, 0, points from lot_move where member_id between :low and :high
        union all
        select member_id, act_id, 0, points from lot where member_id between :low and :high) moved
 group by moved.member_id, moved.act_id having sum(moved.entries) <> sum(moved.lots);

-- name: piece_holds
-- Holds in themselves. Read-only.
select 'hold_state' as code, h.member_id as anchor, h.hold_id as what,
       format('%s, %s points, draws %s, captured %s', h.status, h.points, d.points, h.captured) as detail
  from hold h
 cross join lateral (
   select coalesce(sum((draw ->> 1)::bigint)::bigint, 0) as points from json_array_elements(h.draws) draw) d
 where h.member_id between :low and :high
   and ((h.status = 'open' and (d.points <> h.points or h.captured <> 0 or h.ended_at is not null))
     or (h.status <> 'open' and h.ended_at is null)
     or h.captured < 0 or h.captured > h.points or (h.captured > 0 and h.status <> 'captured')
     or not exists (select from act a where a.act_id = h.act_id));

-- name: piece_purchases
-- Sales, their progress and their returns against entries and holds. What a sale did stands in the books of those who
-- held its owner's points at the time: the owner, or whom it was merged into. Rows say who was presented. Read-only.
with recursive merged (owner, home) as (
  select g.member_id, g.survivor_id from member_merge g where g.member_id between :low and :high
  union
  select m.owner, g.survivor_id from merged m join member_merge g on g.member_id = m.home
), homes as (
  select home, array_agg(owner) as owners from merged where home not between :low and :high group by home
), sales as (
  select p.member_as_presented as holder, p.purchase_id, p.status, p.payable, p.act_id, p.decision, p.progress
    from purchase p
   where p.member_id between :low and :high and p.member_as_presented between :low and :high and p.claimed_by is null
  union all
  select p.member_as_presented, p.purchase_id, p.status, p.payable, p.act_id, p.decision, p.progress
    from homes m
    join purchase p on p.member_id = m.home and p.member_as_presented = any(m.owners) and p.claimed_by is null
  union all
  select c.member_id, p.purchase_id, p.status, p.payable, p.act_id, p.decision, p.progress
    from purchase_claim c
    join purchase p on p.member_id = c.anchor and p.purchase_id = c.purchase_id
   where c.member_id between :low and :high
), told as (
  select s.holder, s.purchase_id, s.status, s.payable, s.act_id, coalesce(d.used, 0) as used,
         coalesce(d.earned, 0) as earned, coalesce(g.hold, false) as hold, coalesce(g.pending, 0) as pending,
         coalesce(g.confirmed, 0) as confirmed, coalesce(g.owed, 0) as owed,
         coalesce((g.returned ->> 'money')::bigint, 0) as money_back,
         coalesce((g.returned ->> 'used')::bigint, 0) as used_back,
         coalesce((g.returned ->> 'earned')::bigint, 0) as earned_back,
         coalesce((select sum((draw ->> 1)::bigint)::bigint from json_array_elements(g.draws) draw), 0) as drawn
    from sales s
   cross join lateral json_to_record(s.decision::json) as d (used bigint, earned bigint)
    left join lateral json_to_record(coalesce(s.progress::json, '{}')) as g (
      hold boolean, pending bigint, confirmed bigint, owed bigint, returned json, draws json) on true
), entries as (
  select member_id as holder, purchase_id,
         coalesce(sum(points) filter (where kind = 'redeem')::bigint, 0) as redeemed,
         count(*) filter (where kind = 'redeem') as redemptions,
         coalesce(sum(points) filter (where kind = 'return_used')::bigint, 0) as restored,
         array_agg(act_id) filter (where kind = 'return_used') as restoring,
         coalesce(sum(points) filter (where kind = 'earn' and target = 'points')::bigint, 0)
           - coalesce(sum(points) filter (where kind = 'return_earned' and source = 'points')::bigint, 0) as earned,
         coalesce(sum(points) filter (where target = 'pending')::bigint, 0)
           - coalesce(sum(points) filter (where source = 'pending')::bigint, 0) as pending
    from (select member_as_presented as member_id, purchase_id, kind, source, target, points, act_id from entry
           where member_id between :low and :high and member_as_presented between :low and :high
             and purchase_id is not null
          union all
          select e.member_as_presented, e.purchase_id, e.kind, e.source, e.target, e.points, e.act_id
            from homes m
            join entry e on e.member_id = m.home and e.member_as_presented = any(m.owners)
           where e.purchase_id is not null) o
   group by member_id, purchase_id
), returns as (
  select member_id as holder, purchase_id, array_agg(act_id) as acts, sum(refund)::bigint as refund,
         sum(earned_reversed)::bigint as earned, sum(pending_reversed)::bigint as pending,
         sum(used_restored)::bigint as used, sum(expired_lost)::bigint as lost
    from (select member_as_presented as member_id, purchase_id, act_id, refund, earned_reversed, pending_reversed,
                 used_restored, expired_lost
            from purchase_return
           where member_id between :low and :high and member_as_presented between :low and :high
             and purchase_id is not null
          union all
          select r.member_as_presented, r.purchase_id, r.act_id, r.refund, r.earned_reversed, r.pending_reversed,
                 r.used_restored, r.expired_lost
            from homes m
            join purchase_return r on r.member_id = m.home and r.member_as_presented = any(m.owners)
           where r.purchase_id is not null) o
   group by member_id, purchase_id
), holds as (
  select o.holder, o.purchase_id, sum(o.points)::bigint as points
    from (select member_as_presented as holder, purchase_id, points from hold
           where member_id between :low and :high and member_as_presented between :low and :high
             and purchase_id is not null and status = 'open'
          union all
          select h.member_as_presented, h.purchase_id, h.points
            from homes m
            join hold h on h.member_id = m.home and h.member_as_presented = any(m.owners)
           where h.purchase_id is not null and h.status = 'open') o
   group by o.holder, o.purchase_id
)
select split_part(wrong, ': ', 1) as code, holder as anchor, purchase_id as what,
       substring(wrong from position(': ' in wrong) + 2) as detail
  from told t
  full join entries e using (holder, purchase_id) full join returns r using (holder, purchase_id)
  full join holds h using (holder, purchase_id)
 cross join lateral (select
   t.used - t.used_back as outstanding,
   coalesce(e.redeemed, 0) - coalesce(e.restored, 0) as spent,
   -- Of what expired before it was given back, an order's held points had not been spent.
   coalesce(r.lost, 0) as lost,
   -- What a cancel could not give back because it had expired is in no document of a return.
   t.status = 'cancelled' or coalesce(e.redemptions, 0) > 1
     or not coalesce(e.restoring, '{}') <@ coalesce(r.acts, '{}') as cancelled_once) x
 cross join lateral unnest(array[
   case when t.status is null then 'sale_missing: entries, returns or holds name it, and it is not there' end,
   case when t.status is not null and not exists (select from act a where a.act_id = t.act_id)
     then format('sale_act: act %s is not there', t.act_id) end,
   case when coalesce(e.earned, 0)
                             <> t.confirmed + t.earned_back - coalesce(r.pending, 0) - coalesce(r.earned, 0)
     then format('sale_earned: confirmed %s, entries %s', t.confirmed, coalesce(e.earned, 0)) end,
   case when coalesce(e.pending, 0) <> t.pending
     then format('sale_pending: pending %s, entries %s', t.pending, coalesce(e.pending, 0)) end,
   case when holder > 0 and not t.hold
                       and (x.spent < case when t.status = 'cancelled' then 0 else x.outstanding end
                            or (x.spent > x.outstanding + x.lost and not x.cancelled_once))
     then format('sale_used: used %s, lost %s, entries %s', x.outstanding, x.lost, x.spent) end,
   case when holder > 0
                        and t.drawn + t.owed <> case when t.hold or t.status = 'cancelled' then 0 else x.outstanding end
     then format('sale_draws: used %s, drawn and owed %s', x.outstanding, t.drawn + t.owed) end,
   case when coalesce(h.points, 0) <> case when t.hold then x.outstanding else 0 end
     then format('sale_hold: to be held %s, held %s', case when t.hold then x.outstanding else 0 end,
                 coalesce(h.points, 0)) end,
   case when t.money_back > t.payable or t.used_back > t.used or t.earned_back > t.earned
                             or coalesce(r.refund, 0) > t.money_back
                             or coalesce(r.used, 0) + coalesce(r.lost, 0)
                                <> case when holder > 0 then t.used_back else 0 end
                             or coalesce(r.earned, 0) + coalesce(r.pending, 0) > t.earned_back
     then format('return_exceeds: sold for %s, used %s, earned %s; back %s, %s, %s; in documents %s, %s, %s',
                 t.payable, t.used, t.earned, t.money_back, t.used_back, t.earned_back, coalesce(r.refund, 0),
                 coalesce(r.used, 0) + coalesce(r.lost, 0), coalesce(r.earned, 0) + coalesce(r.pending, 0)) end
 ]) wrong
 where wrong is not null;

-- name: piece_claims
-- A claimed sale and its claim know each other. Read-only.
select 'claim' as code, c.member_id as anchor, c.purchase_id as what, 'the sale does not know who claimed it' as detail
  from purchase_claim c
 where c.member_id between :low and :high
   and not exists (select from purchase p where p.member_id = c.anchor and p.purchase_id = c.purchase_id
                      and p.claimed_by = c.member_id)
union all
select 'claim', p.member_id, p.purchase_id, 'claimed by nobody known'
  from purchase p
 where p.member_id between :low and :high and p.claimed_by is not null
   and not exists (select from purchase_claim c where c.member_id = p.claimed_by and c.purchase_id = p.purchase_id);

-- name: piece_merges
-- Who was merged keeps nothing and leads to whoever is not merged; merges in force and members say the same. Read-only.
with members as (
  select m.member_id, m.status, m.survivor_id, m.lot_shift, m.merged_in from member m
   where m.member_id between :low and :high
), gone as (
  select g.member_id, count(*) filter (where g.undone_at is null) as merges,
         min(g.survivor_id) filter (where g.undone_at is null) as into_whom
    from member_merge g where g.member_id between :low and :high group by g.member_id
), taken as (
  select g.survivor_id as member_id, count(*) as merges from member_merge g
   where g.survivor_id between :low and :high and g.undone_at is null group by g.survivor_id
)
select split_part(wrong, ': ', 1) as code, m.member_id as anchor, '' as what,
       substring(wrong from position(': ' in wrong) + 2) as detail
  from members m
  left join gone g using (member_id) left join taken t using (member_id)
  left join member_account a using (member_id)
  left join member s on s.member_id = m.survivor_id
 cross join lateral unnest(array[
   case when m.status = 'merged' and (a.booked <> 0 or a.pending <> 0 or a.held <> 0 or a.debt <> 0
             or exists (select from lot l where l.member_id = m.member_id and l.open)
             or exists (select from hold h where h.member_id = m.member_id and h.status = 'open'))
     then format('merged_empty: booked %s, pending %s, held %s, owed %s, or an open lot or hold', a.booked, a.pending,
                 a.held, a.debt) end,
   case when (m.status = 'merged') <> (m.survivor_id is not null) or (m.survivor_id is null and m.lot_shift <> 0)
             or s.survivor_id is not null or (m.survivor_id is not null and s.member_id is null)
     then format('merged_into: %s, survivor %s, whose own is %s', m.status, m.survivor_id, s.survivor_id) end,
   case when (m.status = 'merged') <> (coalesce(g.merges, 0) = 1) or coalesce(g.merges, 0) > 1
             or m.merged_in <> coalesce(t.merges, 0)
     then format('merge_open: %s, merges in force %s; %s merged in, %s in force', m.status, coalesce(g.merges, 0),
                 m.merged_in, coalesce(t.merges, 0)) end
 ]) wrong
 where wrong is not null;

-- name: whole_merges
-- What a merge or its undo books out of one account it books into the other, and nobody else does so. Read-only.
select 'merge_pair' as code, g.member_id as anchor, g.merge_id as what,
       format('act %s: out %s, in %s', a.act_id, e.gone, e.came) as detail
  from member_merge g
 cross join lateral (values (g.act_id), (g.undo_act_id)) a (act_id)
 cross join lateral (
   select coalesce(sum(n.points) filter (where n.target = 'transit'), 0) as gone,
          coalesce(sum(n.points) filter (where n.source = 'transit'), 0) as came
     from entry n
    where n.act_id = a.act_id and n.member_id in (g.member_id, g.survivor_id) and n.kind in ('merge_in', 'merge_out')) e
 where a.act_id is not null
   and (e.gone <> e.came or not exists (select from act x where x.act_id = a.act_id))
union all
select 'merge_pair', n.member_id, format('act %s', n.act_id), 'a merge''s entry without its merge'
  from (select distinct e.member_id, e.act_id from entry e where e.kind in ('merge_in', 'merge_out')) n
 where not exists (select from member_merge g
                    where n.act_id in (g.act_id, g.undo_act_id) and n.member_id in (g.member_id, g.survivor_id));

-- name: piece_limits
-- What is drawn on a limit is the sum of its draws. Read-only.
select 'limit_draws' as code, anchor, format('%s %s', code, period) as what,
       format('drawn %s, draws %s', coalesce(l.drawn::text, 'missing'), coalesce(d.drawn, 0)) as detail
  from (select * from limit_account where anchor between :low and :high) l
  full join (select anchor, code, period, sum(amount)::bigint as drawn from limit_draw
              where anchor between :low and :high group by anchor, code, period) d using (anchor, code, period)
 where l.drawn is distinct from coalesce(d.drawn, 0);

-- name: whole_transit
-- What an act sends from one member another receives in the same act. Read-only.
select 'transit' as code, min(e.member_id) as anchor, format('act %s', e.act_id) as what,
       format('sent %s, received %s', coalesce(sum(e.points) filter (where e.target = 'transit'), 0),
              coalesce(sum(e.points) filter (where e.source = 'transit'), 0)) as detail
  from entry e
 where e.source = 'transit' or e.target = 'transit'
 group by e.act_id
having coalesce(sum(e.points) filter (where e.target = 'transit'), 0)
    <> coalesce(sum(e.points) filter (where e.source = 'transit'), 0);

-- name: whole_coupons
-- Uses of issued coupons against their limits, and against their end. Read-only.
select split_part(wrong, ': ', 1) as code, 0::bigint as anchor, format('coupon %s', name) as what,
       substring(wrong from position(': ' in wrong) + 2) as detail
  from (select c.kind, c.code as name, c.void_uses, coalesce(u.uses, 0) as uses, coalesce(l.drawn, 0) as drawn
          from (select u.code_hash, u.code, count(*) filter (where u.what = 'use')
                                          - count(*) filter (where u.what = 'back') as uses
                  from coupon_use u group by u.code_hash, u.code) u
          full join (select a.period as code, sum(a.drawn)::bigint as drawn from limit_account a
                      where a.code like 'coupon:%/uses/code' group by a.period) l on l.code = u.code
          join coupon c on c.code = coalesce(u.code, l.code) and c.version is not null) x
 cross join lateral unnest(array[
   case when x.uses <> x.drawn then format('coupon_uses: uses %s, drawn %s', x.uses, x.drawn) end,
   case when x.uses > x.void_uses then format('coupon_void: uses %s, when voided %s', x.uses, x.void_uses) end
 ]) wrong
 where wrong is not null;

-- name: whole_stamps
-- Stamps and full cards against what is drawn on the members' accounts. Read-only.
select 'stamps_drawn' as code, coalesce(s.member_id, l.anchor) as anchor, coalesce(s.campaign, l.campaign) as what,
       format('stamps %s, cards %s; drawn %s, %s', s.stamps, s.cards, l.stamps, l.cards) as detail
  from (select t.member_id, t.campaign, sum(t.stamps)::bigint as stamps,
               sum(cardinality(t.filled) - cardinality(t.undone))::bigint as cards
          from stamp t group by t.member_id, t.campaign) s
  full join (select a.anchor, split_part(substring(a.code from 10), '/', 1) as campaign,
                    coalesce(sum(a.drawn) filter (where a.code like '%/stamps'), 0)::bigint as stamps,
                    coalesce(sum(a.drawn) filter (where a.code like '%/cards'), 0)::bigint as cards
               from limit_account a
              where a.anchor > 0 and (a.code like 'campaign:%/stamps' or a.code like 'campaign:%/cards')
              group by 1, 2) l on l.anchor = s.member_id and l.campaign = s.campaign
 where (coalesce(s.stamps, 0), coalesce(s.cards, 0)) <> (coalesce(l.stamps, 0), coalesce(l.cards, 0));

-- name: whole_offers
-- What campaigns took off and has not come back against what is drawn on the limits of those versions. Read-only.
select 'offer_limits' as code, 0::bigint as anchor, x.account as what, format('taken %s, drawn %s', x.taken, x.drawn) as detail
  from (select t.account, sum(t.taken)::bigint as taken,
               coalesce((select sum(a.drawn) from limit_account a where a.code = t.account), 0)::bigint as drawn
          from (select format('campaign:%s/%s/%s', u.campaign, l.measure, l.scope) as account,
                       case l.measure when 'uses' then u.uses else u.amount end as taken
                  from (select o.campaign, o.version, sum(o.amount) as amount,
                               count(*) filter (where o.what = 'use') - count(*) filter (where o.what = 'back') as uses
                          from offer_use o where o.what in ('use', 'back') group by o.campaign, o.version) u
                  join campaign_version v on v.code = u.campaign and v.version = u.version
                 cross join lateral (
                   select e ->> 'measure' as measure,
                          coalesce((select string_agg(per, '+' order by per) from json_array_elements_text(e -> 'per') per),
                                   'all') as scope
                     from json_array_elements(v.document -> 'limits') e) l) t
         group by t.account) x
 where x.taken > x.drawn;

-- name: whole_rewards
-- Pieces taken of rewards against the orders that stand. Read-only.
select 'reward_stock' as code, r.stock_anchor as anchor, r.code as what, format('taken %s, orders %s', x.taken, x.orders) as detail
  from reward r
 cross join lateral (
   select coalesce((select a.drawn from limit_account a
                     where a.anchor = r.stock_anchor and a.code = 'reward_stock:' || r.code and a.period = 'ever'), 0) as taken,
          (select count(*) from reward_order o where o.reward = r.code and o.status <> 'cancelled') as orders) x
 where x.taken <> x.orders;

-- name: whole_standing
-- What standing rules and draws gave against the entries of the same acts. Read-only.
select 'standing_grant' as code, coalesce(e.presented, g.member_id) as anchor, format('act %s', coalesce(e.act_id, g.act_id)) as what,
       format('entries %s, grants %s', coalesce(e.points, 0), coalesce(g.points, 0)) as detail
  from (select b.act_id, b.member_as_presented as presented, sum(b.points) as points from entry b
         where b.kind = 'bonus' group by 1, 2) e
  full join (select s.act_id, s.member_id, sum(s.points) as points from standing_grant s group by 1, 2) g
         on g.act_id = e.act_id and g.member_id = e.presented
 where coalesce(e.points, 0) <> coalesce(g.points, 0);

-- name: whole_draws
-- Prizes taken from stock against the tickets that won them. Read-only.
select 'draw_stock' as code, 0::bigint as anchor, coalesce(l.code, w.code) as what,
       format('taken %s, won %s', coalesce(l.drawn, 0), coalesce(w.won, 0)) as detail
  from (select a.code, sum(a.drawn) as drawn from limit_account a
         where a.code like 'draw\_stock:%' and a.period = 'ever' group by 1) l
  full join (select 'draw_stock:' || x.draw || '/' || x.prize as code, count(*) as won from prize_win x group by 1) w
         on w.code = l.code
 where coalesce(l.drawn, 0) <> coalesce(w.won, 0);

-- name: whole_keys
-- Every act has its key, every key its act, and a sale's key its sale. Keys of acts without a document age out.
select split_part(wrong, ': ', 1) as code, coalesce(a.member_id, k.member_id) as anchor,
       format('act %s', coalesce(a.act_id, k.act_id)) as what,
       substring(wrong from position(': ' in wrong) + 2) as detail
  from act a
  full join act_key k on k.act_id = a.act_id and k.member_id = a.member_id
  left join purchase p on a.kind = 'purchase' and p.member_id = k.member_id and p.purchase_id = k.subject
 cross join lateral unnest(array[
   case when k.key_hash is null and (a.kind in ('purchase', 'return') or a.recorded_at > :since)
     then format('act_key: a %s without its key: it could be done twice', a.kind) end,
   case when a.kind is null then 'key_act: a key without its act: it could never be done' end,
   case when a.kind = 'purchase' and k.key_hash is not null and p.purchase_id is null
     then format('key_sale: the key stands for %s, which is not there', k.subject) end
 ]) wrong
 where wrong is not null;

-- name: whole_identifiers
-- The registry of identifiers and the members' own names say the same. Read-only.
select 'identifier' as code, member_id as anchor, format('identifier %s', identifier_id) as what,
       case when k.key_hash is null then 'not in the registry: nobody is found by it'
            when i.kind is null then 'in the registry, though no member carries it'
            else 'the registry says something else' end as detail
  from (select * from member_identifier where removed_at is null) i
  full join identifier_key k using (member_id, identifier_id)
 where k.key_hash is null or i.kind is null
    or (k.kind, k.shop_id, k.normal, k.verified, k.exclusive)
       is distinct from (i.kind, coalesce(i.shop_id, 0), i.normal, i.verified_at is not null,
                         i.kind in ('card', 'line', 'ec') or i.verified_at is not null);

-- name: whole_feed
-- The feed has no gap from what was purged to its head. Read-only.
select 'feed' as code, 0::bigint as anchor, 'feed' as what,
       format('positions %s to %s, head %s, purged through %s, events %s', f.first, f.last, h.position,
              h.purged_through, f.events) as detail
  from (select coalesce(max(position), 0) as position, coalesce(max(purged_through), 0) as purged_through
          from feed_head) h
 cross join (select min(position) as first, max(position) as last, count(*) as events from feed) f
 where coalesce(f.last, h.purged_through) <> h.position or f.events <> h.position - h.purged_through;

-- name: whole_grants
-- The application can change no row of an append-only table, and reaches no partition by itself. Read-only.
select 'append_only' as code, 0::bigint as anchor, c.relname::text as what,
       format('%s may %s', r.rolname, lower(p.privilege)) as detail
  from pg_class c
  join pg_roles r on r.rolname = 'goen_app'
 cross join (values ('UPDATE'), ('DELETE'), ('TRUNCATE')) p (privilege)
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
   and split_part(obj_description(c.oid, 'pg_class'), ':', 1) like '%append-only'
   and not (p.privilege = 'DELETE' and obj_description(c.oid, 'pg_class') like 'registry append-only%')
   and (has_table_privilege(r.oid, c.oid, p.privilege)
     or (p.privilege = 'UPDATE' and has_any_column_privilege(r.oid, c.oid, 'UPDATE')))
union all
select 'append_only', 0, c.relname::text, 'goen_app reaches the partition without its table'
  from pg_class c
  join pg_roles r on r.rolname = 'goen_app'
 where c.relnamespace = 'public'::regnamespace and c.relispartition and c.relkind = 'r'
   and (has_table_privilege(r.oid, c.oid, 'INSERT') or has_table_privilege(r.oid, c.oid, 'UPDATE')
     or has_table_privilege(r.oid, c.oid, 'DELETE') or has_table_privilege(r.oid, c.oid, 'TRUNCATE'));
