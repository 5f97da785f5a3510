-- name: search
-- Bigrams choose by the index, the text itself decides; those without kana come last. Read-only.
select member_id, coalesce(nullif(kana_order, ''), U&'\FFFF') as kana_order
  from member
 where grams @> :grams::text[]
   and position(:wanted in searchable) > 0
   and status in ('active', 'frozen')
   and (coalesce(nullif(kana_order, ''), U&'\FFFF') collate "C", member_id) > (:after_order, :after_id)
 order by coalesce(nullif(kana_order, ''), U&'\FFFF') collate "C", member_id
 limit :limit;
