-- name: documents
-- Sales and returns of these members with what their keys are made from. Read-only.
select 'purchase' as kind, p.member_id, p.purchase_id as subject, p.shop_id, p.external_id, p.act_id,
       p.document
  from purchase p where p.member_id between :low and :high
union all
select 'return', r.member_id, r.return_id, r.shop_id, r.external_id, r.act_id, null
  from purchase_return r where r.member_id between :low and :high;

-- name: misplaced_documents
-- Those of these documents that do not stand under their own keys. Read-only.
select i.n, case when k.key_hash is null then 'nothing stands under its own key: it could be recorded twice'
                 when k.act_id <> i.act_id or k.subject <> i.subject then format('its key stands for %s', k.subject)
                 else 'the document is not the one that was asked for' end as detail
  from unnest(:hashes::bigint[], :checks::bigint[], :acts::bigint[], :subjects::text[], :digests::bigint[])
       with ordinality as i (key_hash, key_check, act_id, subject, digest, n)
  left join act_key k on k.key_hash = i.key_hash and k.key_check = i.key_check
 where k.key_hash is null or k.act_id <> i.act_id or k.subject <> i.subject or k.digest <> i.digest;

-- name: identifiers
-- The names these members go by. Read-only.
select i.member_id, i.identifier_id, i.kind, coalesce(i.shop_id, 0) as shop_id, i.normal
  from member_identifier i where i.member_id between :low and :high and i.removed_at is null;

-- name: misplaced_identifiers
-- Those of these names that nobody is found by. Read-only.
select i.n
  from unnest(:hashes::bigint[], :members::bigint[], :identifiers::bigint[])
       with ordinality as i (key_hash, member_id, identifier_id, n)
 where not exists (select from identifier_key k where k.key_hash = i.key_hash and k.member_id = i.member_id
                      and k.identifier_id = i.identifier_id);

-- name: households
-- People who do not point to the household that has them, and households nobody heads. Read-only.
select member_id, detail
  from (select m.member_id, case
          when count(h.household_id) > 1 then 'of several households at once'
          when m.pool_id is distinct from min(h.household_id)
            then format('points to %s, has joined %s', m.pool_id, min(h.household_id))
          when m.pool_spend <> coalesce(bool_or(h.may_spend), false) then 'may spend otherwise than the list says'
          when m.pool_id is not null and not exists (select from member p where p.member_id = m.pool_id
                                                        and p.household and p.status = 'active')
            then 'points to no living household'
          when m.household and m.status = 'active' and not exists (select from household_member x
                 where x.household_id = m.member_id and x.head and x.state in ('joined', 'leaving'))
            then 'a household without a head' end as detail
          from member m
          left join household_member h on h.member_id = coalesce(m.survivor_id, m.member_id) and h.state in ('joined', 'leaving')
         where m.member_id between :low and :high
         group by m.member_id) w
 where detail is not null;

-- name: tiers_kept$
-- Whether every sale is counted for tiers: those from before the programme had any are, and it has had them since. Read-only.
select exists (
  select from tier_count c
   where c.finished_at is not null
     and exists (select from programme_version v where v.version >= c.since_version and v.starts_at <= :now::timestamptz)
     and not exists (
       select from programme_version v
        where v.version >= c.since_version and v.starts_at <= :now::timestamptz
          and coalesce(v.document->>'tier_programmes', '{}') = '{}'));

-- name: counted_sales
-- Sales of these members and what is kept of them for tiers. Read-only.
select p.member_id, p.purchase_id, p.status, p.decision, p.progress, k.gross, k.net, k.points, k.purchases
  from purchase p
  join member m on m.member_id = coalesce(p.claimed_by, case when p.member_as_presented > 0 then p.member_as_presented end)
               and not m.household
  left join tier_measure k
         on k.member_id = m.member_id and k.day = p.business_date and k.purchase_id = p.purchase_id
 where p.member_id between :low and :high;
