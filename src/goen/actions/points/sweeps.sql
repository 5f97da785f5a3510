-- name: due_holds
-- Open holds past their time, oldest first.
select h.member_id, h.hold_id from hold h
 where h.status = 'open' and h.expires_at <= :now::timestamptz
 order by h.expires_at limit :piece::bigint;

-- name: due_confirmations
-- Purchases with points that confirm today or were due before.
select p.purchase_id, p.confirms_on, p.version from purchase p
 where p.confirms_on <= :today::date
 order by p.confirms_on limit :piece::bigint;

-- name: due_lots
-- Lots past their last day with points that no hold keeps, by member and day.
select d.member_id, d.expires_on, d.lot_id, d.remaining
  from (select l.member_id, l.expires_on, l.lot_id, l.remaining from lot l
         where (case when l.open and l.kind <> 'debt' then l.expires_on end) < :today::date and l.remaining > l.held
         order by (case when l.open and l.kind <> 'debt' then l.expires_on end) limit :piece::bigint) d
 order by d.member_id, d.expires_on, d.lot_id;
