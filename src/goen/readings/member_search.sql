-- name: search
-- Bigrams choose by the index, the text itself decides; those without kana come last. What is known of a
-- merged member leads to the survivor. Read-only.
select member_id, coalesce(nullif(kana_order, ''), U&'\FFFF') as kana_order
  from member
 where grams @> :grams::text[]
   and position(:wanted in searchable) > 0
   and (status in ('active', 'frozen')
     or exists (select from member s where s.member_id = member.survivor_id and s.status in ('active', 'frozen')))
   and (coalesce(nullif(kana_order, ''), U&'\FFFF') collate "C", member_id) > (:after_order, :after_id)
 order by coalesce(nullif(kana_order, ''), U&'\FFFF') collate "C", member_id
 limit :limit;
