-- name: origins
-- The sales that lots were granted by: where, and what the pinned decision awarded. Read-only.
select p.purchase_id, p.shop_id, p.business_date, p.programme_version, (p.decision::json -> 'awards')::text as awards
  from unnest(:homes::bigint[], :ids::text[]) as i (member_id, purchase_id)
  join purchase p on p.member_id = i.member_id and p.purchase_id = i.purchase_id;

-- name: holds
-- What of a member's points is set aside at this moment. Read-only.
select h.hold_id, h.shop_id, h.purchase_id, h.reference, h.points, h.expires_at
  from hold h
 where h.member_id = :member_id and h.status = 'open' and (h.expires_at is null or h.expires_at > :now)
 order by h.created_at, h.hold_id;

-- name: pendings
-- Sales whose points are not confirmed yet, the member's own and claimed ones. Read-only.
select p.purchase_id, p.shop_id, p.business_date, (p.progress::json ->> 'pending')::bigint as points, p.confirms_on
  from (select s.* from purchase s
         where s.member_id = any(:homes::bigint[]) and s.claimed_by is null
           and (s.member_as_presented = any(:members::bigint[])
             or s.member_id in (select o.member_id from member o where o.member_id = any(:homes::bigint[]) and o.household))
        union all
        select s.* from purchase_claim c
          join purchase s on s.member_id = c.anchor and s.purchase_id = c.purchase_id
         where c.member_id = any(:members::bigint[])) p
 where (p.progress::json ->> 'pending')::bigint > 0
 order by p.business_date, p.purchase_id;
