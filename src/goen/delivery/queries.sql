-- name: drain(members)$
-- Number everything committed for these members and wake the listeners of other processes; the new head, or null where
-- nothing was there. Nothing that posts notifies: notifying commits wait for each other.
with drained as materialized (select relay_drain(:members::bigint[]) as head)
select head from drained, lateral (select pg_notify('goen_feed', head::text)) as told where head is not null;

-- name: waiting_members(rows_max)$
-- Whose events wait longest, so many events' worth of members; null where none wait.
select array_agg(distinct oldest.member_id)
  from (select member_id from outbox order by recorded_at, outbox_id limit :rows_max) oldest;

-- name: bounds()^
-- The last position given, and the last one forgotten.
select position as head, purged_through from feed_head where feed_id = 1;

-- name: page(after, through, members)
-- Events after one position through another, of every member or of some. Positions have no gaps, so that the
-- range is the page: the planner needs no statistics to see that the primary key serves it.
select position, topic, member_id, recorded_at, body from feed
 where position > :after and position <= :through and (:members::bigint[] is null or member_id = any(:members))
 order by position;

-- name: topics_page(after, through, topics, rows_max)
-- The first events after one position through another with one of these topics; an empty list stands for all. What is
-- told in two members' books comes once (Event.twin).
select position, topic, member_id, recorded_at, body from feed
 where position > :after and position <= :through
   and (cardinality(:topics::text[]) = 0 or topic = any (:topics))
   and not (topic in ('member.merged', 'member.unmerged') and body like '%"twin":true}')
 order by position limit :rows_max;

-- name: recorded_at(position)$
-- When the event at this position was recorded.
select recorded_at from feed where position = :position;

-- name: purgeable(rows_max, before)$
-- The end of the stretch after the purged part, of so many rows at most, in which all is older.
select least(
         head.position,
         head.purged_through + :rows_max,
         (select min(feed.position) - 1 from feed
           where feed.position > head.purged_through and feed.position <= head.purged_through + :rows_max
             and feed.recorded_at >= :before))
  from feed_head head where head.feed_id = 1;

-- name: mark_purged(through)!
-- Say first that the feed starts later now: a reader that misses rows then finds the reason.
update feed_head set purged_through = greatest(purged_through, :through) where feed_id = 1;

-- name: purge(through)$
-- Forget events up to and with this position; how many there were.
with gone as (delete from feed where position <= :through returning 1) select count(*) from gone;

-- name: announce(topic, recorded_at, body)!
-- An event that no act of a till carries; it goes out like all others.
insert into outbox (member_id, outbox_id, topic, recorded_at, body)
values (0, nextval('act_id_seq') * 4096, :topic, :recorded_at, :body);
