-- name: add_use!
-- One more line in the ledger of discounts and gifts of campaigns.
insert into offer_use (member_id, act_id, campaign, version, what, purchase_id, shop_id, amount, gifts, at)
values (:member_id, :act_id, :campaign, :version, :what, :purchase_id, :shop_id, :amount, :gifts, :at);
