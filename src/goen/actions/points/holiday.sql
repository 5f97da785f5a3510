-- name: lots_in_range
-- Lots whose last day lies in a range, of the next members in order: those alive, and where :expired those that
-- have points booked out or about to be. Read-only; an operation of an administrator, so a scan may do.
select l.member_id, array_agg(l.lot_id order by l.lot_id) as lots
  from lot l
 where l.kind <> 'debt' and l.expires_on between :first::date and :last::date and l.member_id > :after::bigint
   and ((l.open and l.expires_on >= :today::date) or (:expired::boolean and (l.open or l.expired > 0)))
 group by l.member_id order by l.member_id limit :piece::bigint;

-- name: lots_extended
-- What an extension did to the lots of the next members in order. Read-only.
select e.member_id, array_agg(e.lot_id order by e.lot_id) as lots, array_agg(e.from_date order by e.lot_id) as days
  from lot_extension e
  join act a on a.member_id = e.member_id and a.act_id = e.act_id
 where a.kind = 'lot_extension' and a.request ->> 'extension' = :extension and e.member_id > :after::bigint
 group by e.member_id order by e.member_id limit :piece::bigint;

-- name: extension_asked$
-- What was asked of an extension. Read-only.
select a.request::text from act a where a.member_id = 0 and a.act_id = :act_id and a.kind = 'lot_extension_order';
