-- name: add_stamps!
-- Stamps that a sale put onto a member's card, or that went back.
insert into stamp (member_id, act_id, campaign, version, purchase_id, day, stamps, size, until, filled, undone, at)
values (:member_id, :act_id, :campaign, :version, :purchase_id, :day, :stamps, :size, :until, :filled::bigint[],
        :undone::bigint[], :at);
