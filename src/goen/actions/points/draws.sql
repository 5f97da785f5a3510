-- name: draw
-- A draw as it is now.
select d.document::text as document, d.seed, d.live_from, d.stopped_at, d.drawn_at from prize_draw d where d.code = :code;

-- name: add_entry!
-- An entry in a draw.
insert into prize_entry (member_id, entry_id, draw, tickets, points, purchase_id, entered_at, act_id, shop_id)
values (:member_id, :entry_id, :draw, :tickets, :points, :purchase_id, :at, :act_id, :shop_id);

-- name: add_win!
-- A ticket has won a prize.
insert into prize_win (member_id, entry_id, ticket, draw, prize, won_at, act_id)
values (:member_id, :entry_id, :ticket, :draw, :prize, :at, :act_id);

-- name: due_draws
-- Draws that were over at a moment and are not decided yet.
select d.code, d.document::text as document, d.seed
  from prize_draw d
 where d.live_from is not null and d.drawn_at is null
   and (d.stopped_at <= :at::timestamptz or (d.document ->> 'ends_at')::timestamptz <= :at)
 order by d.code;

-- name: entries_of_draw
-- Every entry of a draw.
select e.entry_id, e.member_id, e.tickets, e.purchase_id from prize_entry e where e.draw = :code;

-- name: set_drawn!
-- All is decided, and the seed public.
update prize_draw set drawn_at = :now where code = :code;
