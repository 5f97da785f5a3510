-- name: counts
-- What became of the coupons of these kinds: codes issued, and uses that were not given back. Read-only.
select k.kind, coalesce(b.made, 0)::bigint + coalesce(c.made, 0) as issued, coalesce(u.used, 0) as used,
       coalesce(u.amount, 0)::bigint as amount
  from unnest(:kinds::text[]) as k (kind)
  left join (select kind, sum(made) as made from coupon_batch where kind = any(:kinds) group by kind) b on b.kind = k.kind
  left join (select kind, count(*) as made from coupon
              where kind = any(:kinds) and batch is null and version is not null group by kind) c on c.kind = k.kind
  left join (select kind, count(*) filter (where what = 'use') - count(*) filter (where what = 'back') as used,
                    sum(amount) as amount
               from coupon_use where kind = any(:kinds) group by kind) u on u.kind = k.kind;

-- name: drawn
-- What is drawn on these accounts, those of one code together. Read-only.
select l.code, sum(l.drawn)::bigint as drawn
  from limit_account l
  join unnest(:anchors::bigint[], :codes::text[]) as i (anchor, code) on l.anchor = i.anchor and l.code = i.code
 group by l.code;
