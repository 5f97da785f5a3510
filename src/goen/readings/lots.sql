-- name: open_lots
-- A member's open lots, debts first, then in spending order (rule 13), after a place in that order. Read-only.
select o.lot_id, o.kind, o.points, o.remaining, o.held, o.expired, o.granted_on, o.expires_on, o.grant_year,
       o.purchase_id, o.rule
  from lot o
 where o.member_id = :member_id and o.open
   and (o.kind, coalesce(o.expires_on, 'infinity'), o.lot_id) > (:kind, :expires_on::date, :lot_id)
 order by o.kind, o.expires_on, o.lot_id limit :limit;
