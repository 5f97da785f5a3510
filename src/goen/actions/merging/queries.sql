-- name: open_holds
-- What is set aside in these members' books.
select h.member_id, h.hold_id, h.shop_id, h.purchase_id, h.reference, h.points, h.captured, h.status, h.draws::text,
       h.created_at, h.expires_at, h.act_id, h.identifier_id, h.member_as_presented
  from hold h where h.member_id = any(:members::bigint[]) and h.status = 'open' order by h.member_id, h.hold_id;

-- name: open_orders
-- Placed orders of a member and of those merged into it.
select p.purchase_id, s.code as shop, p.external_id, p.total, p.occurred_at
  from member f
  join purchase p on p.member_id = f.member_id
  join shop s on s.shop_id = p.shop_id
 where (f.member_id = :member_id or f.survivor_id = :member_id) and p.status = 'placed'
   and coalesce(p.claimed_by, p.member_as_presented) = any(
         select a.member_id from member a where a.member_id = :member_id or a.survivor_id = :member_id)
 order by p.occurred_at, p.purchase_id;

-- name: names_of
-- The names that a member has now, those of members merged into it included.
select i.identifier_id, i.kind, coalesce(i.shop_id, 0) as shop_id, i.normal
  from member f
  join member_identifier i on i.member_id = f.member_id and i.removed_at is null
 where f.member_id = :member_id or f.survivor_id = :member_id
 order by i.identifier_id;

-- name: tier_input^
-- What tiers are measured by (rule 32), over the days since one: of a member and of those merged into it.
with family as (
  select f.member_id from member f where f.member_id = :member_id or f.survivor_id = :member_id
), homes as (
  select member_id from family
  union
  select m.survivor_id from member_merge m where m.member_id in (select member_id from family)
)
select count(*)::bigint as purchases,
       coalesce(sum(p.total - coalesce((p.progress::json -> 'returned' ->> 'money')::bigint, 0)), 0)::bigint as amount,
       coalesce(sum((p.progress::json ->> 'confirmed')::bigint), 0)::bigint as earned
  from homes h
  join purchase p on p.member_id = h.member_id
 where p.status = 'completed' and p.business_date >= :since::date
   and coalesce(p.claimed_by, p.member_as_presented) in (select member_id from family);

-- name: merge_of^
-- One merge, with both members as they stand.
select g.merge_id, g.member_id as source_id, g.survivor_id, g.act_id, g.merged_at, g.lot_shift, g.source_state::text,
       g.survivor_state::text, g.undone_at, s.survivor_id as root_id, m.survivor_id as survivors_survivor
  from member_merge g
  join member s on s.member_id = g.member_id
  join member m on m.member_id = g.survivor_id
 where g.member_id = :source_id and g.merge_id = :merge_id;

-- name: open_merge_of$
-- The merge by which a member is merged now.
select g.merge_id from member_merge g where g.member_id = :source_id and g.undone_at is null;

-- name: merged_into
-- Open merges straight into a member.
select g.member_id as source_id, g.merge_id, g.act_id from member_merge g
 where g.survivor_id = :survivor_id and g.undone_at is null;

-- name: family_of
-- A member and everybody merged into it, one after the other, by merges still open.
with recursive family (member_id) as (
  select :member_id::bigint
  union
  select g.member_id from family f join member_merge g on g.survivor_id = f.member_id and g.undone_at is null
)
select member_id from family;

-- name: account_of^
-- A member's account and facts, whoever holds its points now.
select m.member_id, m.number, m.status, m.tier, m.name, m.pin_hash, m.merged_in, a.booked, a.pending, a.held, a.debt,
       a.seq, a.version, a.active_on
  from member m join member_account a on a.member_id = m.member_id where m.member_id = :member_id;

-- name: every_lot
-- All lots of these members, closed ones too.
select l.member_id, l.lot_id, l.kind, l.granted_on, l.grant_year, l.expires_on, l.points, l.remaining, l.held, l.expired,
       l.act_id, l.purchase_id, l.programme_version, l.rule, l.funder, l.origin_member_id, l.origin_lot_id,
       l.expired_before
  from lot l where l.member_id = any(:members::bigint[]);

-- name: steps_since
-- What happened to a survivor's points since a merge, in order.
select s.act_id, s.at, s.presented_id, s.shared, s.lot_shift, s.body::text as body
  from merge_step s
 where s.member_id = :survivor_id
   and s.step_id > coalesce((select max(j.step_id) from merge_step j
                              where j.member_id = :survivor_id and j.act_id = :act_id), 0)
 order by s.step_id;

-- name: names_since
-- Names that a member got since a moment and still has.
select i.identifier_id from member_identifier i
 where i.member_id = :member_id and i.added_at > :since and i.removed_at is null order by i.identifier_id;

-- name: join_members!
-- The source is an alias of the survivor from now on, and everybody who was one of the source's.
update member m
   set survivor_id = :survivor_id, lot_shift = m.lot_shift + :shift::bigint,
       status = case when m.member_id = :source_id then 'merged' else m.status end, changed_at = :at,
       version = m.version + 1
 where m.member_id = :source_id or m.survivor_id = :source_id;

-- name: move_invitations!
-- Households that have asked the source in have asked the survivor, unless it was asked or is there.
with ended as (
  update household_member set state = 'left', left_at = :at
   where member_id = :source_id and state = 'invited' returning household_id, may_spend, invited_at
)
insert into household_member (member_id, household_id, joining, head, may_spend, state, invited_at)
select :survivor_id::bigint, e.household_id, 1 + coalesce(max(h.joining), 0), false, e.may_spend, 'invited', e.invited_at
  from ended e
  left join household_member h on h.member_id = :survivor_id and h.household_id = e.household_id
 group by e.household_id, e.may_spend, e.invited_at having coalesce(bool_and(h.state = 'left'), true);

-- name: return_invitations!
-- Those that came with a merge and wait still go back with its undo.
with ended as (
  update household_member h set state = 'left', left_at = :at
   where h.member_id = :survivor_id and h.state = 'invited'
     and exists (select from household_member s where s.member_id = :source_id and s.household_id = h.household_id
                    and s.invited_at = h.invited_at)
  returning h.household_id, h.may_spend, h.invited_at
)
insert into household_member (member_id, household_id, joining, head, may_spend, state, invited_at)
select :source_id::bigint, e.household_id, 1 + max(h.joining), false, e.may_spend, 'invited', e.invited_at
  from ended e join household_member h on h.member_id = :source_id and h.household_id = e.household_id
 group by e.household_id, e.may_spend, e.invited_at;

-- name: count_merge!
-- One more, or one less, is merged into this member.
update member set merged_in = merged_in + :more::bigint where member_id = :survivor_id;

-- name: add_merge!
-- The merge itself, and where its undo would start.
insert into member_merge (member_id, merge_id, survivor_id, act_id, merged_at, reason, lot_shift, source_state,
       survivor_state)
values (:source_id, :merge_id, :survivor_id, :act_id, :at, :reason, :shift, :source_state, :survivor_state);

-- name: forget_steps!
-- Steps of members into whom nobody is merged.
delete from merge_step where member_id = :survivor_id;

-- name: move_holds!
-- Holds follow their points: the row left says so, and one under the same id stands in the other books.
with gone as (
  update hold h set status = 'moved', ended_at = :at::timestamptz
    from unnest(:ids::text[], :draws::json[]) as u (hold_id, draws)
   where h.member_id = :from_member::bigint and h.hold_id = u.hold_id
  returning h.hold_id, h.shop_id, h.purchase_id, h.reference, h.points, u.draws, h.expires_at, h.act_id, h.identifier_id,
            h.member_as_presented
)
insert into hold (member_id, hold_id, shop_id, purchase_id, reference, points, captured, status, draws, created_at,
       expires_at, act_id, identifier_id, member_as_presented)
select :to_member::bigint, g.hold_id, g.shop_id, g.purchase_id, g.reference, g.points, 0, 'open', g.draws, :at::timestamptz,
       g.expires_at, g.act_id, g.identifier_id, g.member_as_presented
  from gone g
    on conflict (member_id, hold_id) do update
   set status = 'open', points = excluded.points, captured = 0, draws = excluded.draws, created_at = excluded.created_at,
       expires_at = excluded.expires_at, ended_at = null;

-- name: part_members!
-- The source stands by itself again, provisional where it never registered, and those merged into it before are its
-- aliases again.
update member m
   set survivor_id = case when m.member_id = :source_id then null else :source_id end,
       lot_shift = m.lot_shift - :shift::bigint,
       status = case when m.member_id <> :source_id then m.status
                     when :status = 'active' and m.register_by is not null then 'provisional'
                     else :status end,
       pool_id = null, pool_spend = false, changed_at = :at, version = m.version + 1
 where m.member_id = any(:family::bigint[]);

-- name: end_merge!
-- The merge is undone.
update member_merge set undone_at = :at, undo_act_id = :act_id where member_id = :source_id and merge_id = :merge_id;

-- name: part_pair!
-- Two who were merged and are parted are two persons: matching neither asks about them again nor merges them.
insert into match_review (member_id, other_id, state, certain, probability, evidence, run_id, found_at, decided_at,
       decided_by, reason)
values (least(:one::bigint, :other::bigint), greatest(:one::bigint, :other::bigint), 'not_same', false, 0, '{}', 0, :at, :at,
        :author, :reason)
on conflict (member_id, other_id) do update
   set state = 'not_same', decided_at = excluded.decided_at, decided_by = excluded.decided_by, reason = excluded.reason,
       merged = false;

-- name: rebase_merge!
-- A later merge into the same survivor starts from the survivor's own side now.
update member_merge set survivor_state = :state where member_id = :source_id and merge_id = :merge_id;

-- name: hand_over_steps!
-- The source's own steps since the merge go to its own record, where others are merged into it.
insert into merge_step (member_id, step_id, act_id, at, presented_id, shared, lot_shift, body)
select :source_id::bigint, s.step_id, s.act_id, s.at, s.presented_id, s.shared, s.lot_shift - :shift::bigint, s.body
  from merge_step s
 where s.member_id = :survivor_id and s.presented_id = any(:family::bigint[]) and s.act_id <> :act_id
   and s.step_id > coalesce((select max(j.step_id) from merge_step j
                              where j.member_id = :survivor_id and j.act_id = :act_id), 0);

-- name: drop_steps!
-- And are no longer the survivor's; nor is the merge itself.
delete from merge_step s
 where s.member_id = :survivor_id
   and (s.act_id = :act_id
     or (s.presented_id = any(:family::bigint[])
         and s.step_id > coalesce((select max(j.step_id) from merge_step j
                                    where j.member_id = :survivor_id and j.act_id = :act_id), 0)));

-- name: times_parted$
-- How often merges of this member were taken back.
select count(*) from member_merge where member_id = :member_id and undone_at is not null;
