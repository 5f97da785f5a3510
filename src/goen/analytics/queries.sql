-- name: total^
-- How far the figures have come, and what stands.
select position, outstanding, pending, members from figure_total;

-- name: lock_total^
-- The same, for whoever adds to it; null before the first time.
select position, outstanding, pending, members from figure_total for update;

-- name: begin_total!
-- The first time: what stands, less what the feed and the outbox still have to tell. Read once, in one moment.
with told as (
  select topic, body::json as body from feed
  union all
  select topic, body::json from outbox
)
insert into figure_total (position, outstanding, pending, members)
select h.purged_through,
       a.booked - a.ordered - t.points, a.pending - t.pending, a.members - t.joined
  from feed_head h,
       (select coalesce(sum(booked), 0) as booked, coalesce(sum(pending), 0) as pending,
               (select coalesce(sum(points), 0) from hold where status = 'open' and purchase_id is not null) as ordered,
               (select count(*) from member where status in ('active', 'provisional', 'frozen') and not household) as members
          from member_account) a,
       (select coalesce(sum((body->>'points')::bigint) filter (where topic = 'points.posted'), 0) as points,
               coalesce(sum((body->>'pending')::bigint) filter (where topic = 'points.posted'), 0) as pending,
               count(*) filter (where topic = 'member.updated' and body->>'change' = 'enrolled')
               - count(*) filter (where topic = 'member.updated' and body->>'change' = 'withdrawn')
               - count(distinct body->>'merge_id') filter (where topic = 'member.merged')
               + count(distinct body->>'merge_id') filter (where topic = 'member.unmerged') as joined
          from told) t
 where h.feed_id = 1
    on conflict do nothing;

-- name: move_total!
-- Add to what stands.
update figure_total set position = :position, outstanding = outstanding + :outstanding, pending = pending + :pending,
       members = members + :members;

-- name: add_hours!
-- Add to the hours.
insert into figure_hour as f (day, hour, shop_id, is_member, sales, amount, refunded, earned, used, joined)
select * from unnest(:days::date[], :hours::smallint[], :shops::bigint[], :members::boolean[], :sales::bigint[],
                     :amounts::bigint[], :refunds::bigint[], :earned::bigint[], :used::bigint[], :joined::bigint[])
    on conflict (day, hour, shop_id, is_member) do update
       set sales = f.sales + excluded.sales, amount = f.amount + excluded.amount,
           refunded = f.refunded + excluded.refunded, earned = f.earned + excluded.earned,
           used = f.used + excluded.used, joined = f.joined + excluded.joined;

-- name: hours
-- The hours of these days at these shops; no shops: all of them.
select day, hour, shop_id, is_member, sales, amount, refunded, earned, used, joined from figure_hour
 where day = any(:days::date[]) and (cardinality(:shops::bigint[]) = 0 or shop_id = any(:shops));

-- name: days
-- The days from one through another at these shops, summed.
select day, sum(amount - refunded)::bigint as net,
       coalesce(sum(amount - refunded) filter (where is_member), 0)::bigint as of_members,
       sum(sales)::bigint as sales, sum(earned)::bigint as earned, sum(used)::bigint as used,
       sum(joined)::bigint as joined
  from figure_hour
 where day between :first and :last and (cardinality(:shops::bigint[]) = 0 or shop_id = any(:shops))
 group by day order by day;
