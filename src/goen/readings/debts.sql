-- name: owing
-- Members who owe points, by their number, after one of them; since when, and by which sale the oldest debt came. Read-only.
select a.member_id, m.number, m.name, m.status, a.debt, d.granted_on, d.purchase_id
  from member_account a
  join member m on m.member_id = a.member_id
  cross join lateral (
    select l.granted_on, e.purchase_id
      from lot l left join lateral (
        select n.purchase_id from lot_move v join entry n on n.member_id = v.member_id and n.seq = v.seq
         where v.member_id = l.member_id and v.lot_id = l.lot_id and v.points < 0
         order by v.seq limit 1) e on true
     where l.member_id = a.member_id and l.kind = 'debt' and l.open
     order by l.lot_id limit 1) d
 where a.debt > 0 and a.member_id > :after
 order by a.member_id limit :most;

-- name: owed
-- How many members owe how much. Read-only.
select count(*), coalesce(sum(a.debt), 0)::bigint from member_account a where a.debt > 0;
