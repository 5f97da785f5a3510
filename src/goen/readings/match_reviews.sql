-- name: open_reviews(probability, member_id, other_id, rows_max)
-- Pairs to decide whose members are both still there, the likeliest first. Read-only.
select r.member_id, r.other_id, r.state, r.certain, r.probability, r.evidence, r.found_at, r.decided_at, r.decided_by,
       r.reason, r.merged
  from match_review r
  join member one on one.member_id = r.member_id and one.status in ('active', 'frozen')
  join member other on other.member_id = r.other_id and other.status in ('active', 'frozen')
 where r.state = 'open'
   and (r.probability < :probability
        or r.probability = :probability and (r.member_id, r.other_id) > (:member_id, :other_id))
 order by r.probability desc, r.member_id, r.other_id
 limit :rows_max;

-- name: decided_reviews(state, decided_at, member_id, other_id, rows_max)
-- Pairs decided this way, the latest first. Read-only.
select member_id, other_id, state, certain, probability, evidence, found_at, decided_at, decided_by, reason, merged
  from match_review
 where state = :state
   and (decided_at < :decided_at or decided_at = :decided_at and (member_id, other_id) > (:member_id, :other_id))
 order by decided_at desc, member_id, other_id
 limit :rows_max;

-- name: review(member_id, other_id)^
-- One pair. Read-only.
select member_id, other_id, state, certain, probability, evidence, found_at, decided_at, decided_by, reason, merged
  from match_review where member_id = :member_id and other_id = :other_id;
