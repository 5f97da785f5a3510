-- name: referrer_of$
-- Whose referral code this is. Read-only.
select c.member_id from referral_code c where c.code_hash = :code_hash and c.code = :code;

-- name: code_of$
-- The referral code of a member; the first where there are several. Read-only.
select c.code from referral_code c where c.member_id = :member_id order by c.made_at, c.code limit 1;

-- name: referrals_by
-- Friends whom these members, who are one person, have referred, newest first. Read-only.
select r.referral_id as id, r.rule, r.state, r.reason, r.entered_at, r.until, r.changed_at
  from referral r
 where r.referrer_id = any(:members::bigint[])
   and (:before::timestamptz is null or (r.entered_at, r.referral_id) < (:before, :before_id))
 order by r.entered_at desc, r.referral_id desc limit :rows;
