-- name: add_issued!
-- A coupon that a campaign gives for a sale.
insert into coupon (code_hash, code, kind, version, member_id, usable_from, usable_until, issued_at, act_id)
values (:code_hash, :code, :kind, :version, :member_id, :usable_from, :usable_until, :at, :act_id);

-- name: take_issued_back!
-- A coupon whose sale has fallen away is void, unless it has been used already.
select void_coupon(:code_hash, :code, :at, :act_id, true);

-- name: give_issued_again!
-- The sale stands again: so does its coupon, unless somebody has voided it by hand as well.
update coupon c set void_at = null, void_act = null, void_uses = null
 where c.code_hash = :code_hash and c.code = :code and c.void_act = :act_id;

-- name: guard_use
-- Nobody has voided the code, nor does until this is committed.
select guard_coupon(:code_hash, :code);

-- name: add_use!
-- One more line in the ledger of uses of coupons.
insert into coupon_use (member_id, act_id, code, code_hash, what, kind, version, purchase_id, presented_id, shop_id,
       amount, at)
values (:member_id, :act_id, :code, :code_hash, :what, :kind, :version, :purchase_id, :presented_id, :shop_id, :amount,
        :at);
