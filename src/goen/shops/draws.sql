-- name: put_draw$
-- A draw as it shall be; null where it is live already and changed no more.
insert into prize_draw (code, document, put_by, put_at) values (:code, :document, :by, :now)
    on conflict (code) do update set document = excluded.document, put_by = excluded.put_by, put_at = excluded.put_at
 where prize_draw.live_from is null
returning code;

-- name: lock_draw^
-- A draw, held until the end of the transaction.
select d.code, d.document::text as document, case when d.drawn_at is not null then d.seed end as seed, d.seed_hash,
       d.live_from, d.stopped_at, d.drawn_at, d.put_by, d.put_at
  from prize_draw d where d.code = :code for update;

-- name: draws
-- Draws by code; the seed once all is decided.
select d.code, d.document::text as document, case when d.drawn_at is not null then d.seed end as seed, d.seed_hash,
       d.live_from, d.stopped_at, d.drawn_at, d.put_by, d.put_at
  from prize_draw d where d.code > :after and (:only::text is null or d.code = :only) order by d.code limit :rows;

-- name: draw_drafts
-- Draws that are not live yet, by code.
select d.code, d.document::text as document, null::bytea as seed, d.seed_hash, d.live_from, d.stopped_at, d.drawn_at,
       d.put_by, d.put_at
  from prize_draw d where d.live_from is null and d.stopped_at is null order by d.code limit 500;

-- name: set_draw_live!
-- A draw is open from now on, sealed by its seed.
update prize_draw set seed = :seed, seed_hash = :seed_hash, live_from = :now where code = :code;

-- name: set_draw_stopped!
-- A draw takes no more entries.
update prize_draw set stopped_at = :now where code = :code and stopped_at is null;

-- name: draw_counts
-- How many tickets there are of these draws, and how often each prize was won.
select e.draw, '' as prize, sum(e.tickets)::bigint as count from prize_entry e where e.draw = any(:codes::text[]) group by 1
union all
select w.draw, w.prize, count(*) from prize_win w where w.draw = any(:codes::text[]) group by 1, 2;

-- name: entries
-- Entries of a draw with what they won, by member and entry: who checks the draw needs them all.
select e.member_id, e.entry_id, e.tickets, e.entered_at,
       array(select w.ticket || ':' || w.prize from prize_win w
              where w.member_id = e.member_id and w.entry_id = e.entry_id order by w.ticket) as wins
  from prize_entry e
 where e.draw = :code and (e.member_id, e.entry_id) > (:after_member, :after_id)
   and (not :won or exists (select from prize_win w where w.member_id = e.member_id and w.entry_id = e.entry_id))
 order by e.member_id, e.entry_id limit :rows;
