-- name: add_use!
-- One more line in the ledger of uses of coupons.
insert into coupon_use (member_id, act_id, code, code_hash, what, kind, version, purchase_id, presented_id, shop_id,
       amount, at)
values (:member_id, :act_id, :code, :code_hash, :what, :kind, :version, :purchase_id, :presented_id, :shop_id, :amount,
        :at);
