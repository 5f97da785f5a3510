"""What is personal is said in the catalogue, and a new column cannot forget to say."""

from __future__ import annotations

from typing import Any

#: Text, JSON and array columns that hold nothing about a person, and why. A name with ``*`` is a whole table.
NOT_PERSONAL = {
    # Shops, programme, machine: nobody's rows.
    "api_key.*": "keys of programs", "consent_wording.*": "texts of our own", "copy_taken.*": "folders",
    "import_job.*": "files and mappings", "installation.*": "chosen once", "invariant_finding.*": "numbers",
    "job_run.*": "jobs", "product.*": "goods", "programme_version.*": "rules", "shop.*": "shops", "stock.*": "goods",
    "schema_migration.*": "migrations", "refused_file.*": "folders", "webhook_cursor.*": "positions",
    "webhook_delivery.*": "statuses", "webhook_endpoint.*": "addresses of programs", "webhook_replay.*": "positions",
    # Members' books: numbers, codes and what was bought.
    "entry.*": "codes; words of staff in reason go by erase_personal", "hold.hold_id": "id", "hold.purchase_id": "id",
    "hold.status": "code", "hold.draws": "numbers", "lot.*": "codes", "limit_account.*": "codes",
    "limit_draw.*": "codes", "purchase.*": "what was sold", "purchase_claim.purchase_id": "id",
    "purchase_return.*": "what came back; its reason goes by erase_personal", "import_plan.plan": "numbers",
    "act.*": "codes and resolved ids; words of people go by erase_personal", "act_key.subject": "id",
    "audit.author": "staff and programs", "audit.action": "code", "audit.details": "names of fields and counts",
    "audit.reason": "a code for adjustments; other words go by erase_personal",
    "behaviour.kind": "code", "behaviour.sku": "goods", "feed.*": "never personal; see erase_personal for holds",
    "outbox.*": "never personal; see erase_personal for holds",
    "member.number": "the pseudonym that stays", "member.status": "code", "member.tier": "code",
    "member_identifier.kind": "code", "member_consent.kind": "code", "member_consent.recorded_by": "programs",
    "personal_access.*": "who read, not what", "household_member.state": "code",
    "member_segment.*": "rows go with erasure", "campaign.*": "rules", "campaign_version.*": "rules",
    "campaign_approval.*": "staff and programs", "campaign_change.*": "codes", "signal.*": "weather and the like",
    "staff.*": "staff, who are not members",
    "staff_session.*": "staff", "terminal_code.*": "devices", "sign_in_quota.*": "hashes; rows go within the day",
    "adjustment_request.reason": "code", "adjustment_request.asked_by": "staff", "adjustment_request.state": "code",
    "adjustment_request.asked_key": "drawn at random", "adjustment_request.decided_by": "staff",
    "backtest_run.*": "codes and figures",
    "tier_measure.purchase_id": "id", "member_tier.*": "codes", "member_tier_change.*": "codes", "tier_due.why": "code",
    "tier_run.*": "codes", "tier_count.through_purchase": "id",
    "member_merge.merge_id": "id", "member_merge.source_state": "numbers", "member_merge.survivor_state": "numbers",
    "merge_step.body": "numbers and ids", "match_model.*": "weights", "match_run.*": "counts",
    "match_review.state": "code", "match_review.evidence": "names of fields and weights",
    "match_review.decided_by": "staff and programs",
    "coupon.*": "codes", "coupon_batch.*": "names of batches and programs", "coupon_kind.*": "rules",
    "coupon_kind_version.*": "rules", "reward.*": "rules", "reward_code.*": "codes of others, nobody's yet",
    "reward_order.order_id": "id", "reward_order.reward": "code", "reward_order.status": "code",
    "reward_order.lots": "numbers and dates", "reward_order.delivery": "code", "reward_order.coupon": "code",
    "reward_order.tracking": "the carrier's number of a parcel", "coupon_use.*": "codes and ids",
    "stamp.*": "codes and ids", "offer_use.*": "codes and ids",
    "standing_rule.*": "rules", "standing_version.*": "rules", "standing_grant.*": "codes, years, days and ids",
    "standing_sweep.*": "jobs", "visit.visit_id": "id", "visit.by": "code", "visit_code.*": "codes of shops",
    "referral_code.*": "random codes", "referral.*": "codes and ids; of a device a hash alone",
    "prize_draw.*": "rules", "prize_entry.*": "codes and ids", "prize_win.*": "codes and ids",
    "terms.*": "texts of our own", "terms_notice.*": "texts of our own", "member_terms.*": "rows go with erasure",
    "notice.*": "codes, figures and names of shops", "notice_place.*": "jobs", "push_key.*": "a key of our own",
    "push_subscription.language": "code", "push_subscription.kinds": "codes",
    # Registries: their rows go whole.
    "identifier_key.*": "rows go with withdrawal and erasure", "kept_answer.*": "rows go with withdrawal and erasure",
    "member_device.*": "hashes and what kind of device; rows go with erasure",
    "contact_code.*": "hashes keyed by what only the asker has; rows go within the hour",
    "used_token.jti": "a web shop's one-time mark; rows go within the hour",
}  # fmt: skip

COLUMNS = """
select c.relname || '.' || a.attname as name, coalesce(col_description(c.oid, a.attnum), '') as told
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   and (t.typcategory in ('S', 'A') or a.atttypid in ('json'::regtype, 'jsonb'::regtype, 'bytea'::regtype))
 order by 1
"""


def unsaid(columns: list[Any]) -> list[str]:
    """Columns of which nobody has said whether they are personal."""
    return [
        row["name"]
        for row in columns
        if not row["told"].startswith("personal")
        and row["name"] not in NOT_PERSONAL
        and f"{row['name'].partition('.')[0]}.*" not in NOT_PERSONAL
    ]


async def test_every_column_says_whether_it_is_personal(owner: Any) -> None:
    assert unsaid(await owner.fetch(COLUMNS)) == [], (
        "say in the migration: comment on column … is 'personal' (then erasing empties it), or list it above"
    )


async def test_a_new_column_of_words_is_asked_about(owner: Any) -> None:
    await owner.execute("alter table member add column nickname text; alter table hold add column words text[]")
    assert unsaid(await owner.fetch(COLUMNS)) == ["hold.words", "member.nickname"]


async def test_the_planner_keeps_no_samples_of_personal_columns(owner: Any) -> None:
    sampled = await owner.fetch(
        "select c.relname || '.' || a.attname as name from pg_class c join pg_attribute a on a.attrelid = c.oid"
        " join pg_type t on t.oid = a.atttypid"
        " where col_description(c.oid, a.attnum) like 'personal%' and a.attstattarget is distinct from 0"
        " and t.oid <> 'json'::regtype and a.attname not in ('gender', 'language')"
    )
    assert [row["name"] for row in sampled] == []
