"""The one table from refusal to status, and the body of every error (RFC 9457), in English or Japanese.

A refusal's ``code`` decides. The codes are part of the contract with partners: none is ever renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from goen.api.call import Language, Reply
from goen.vocabulary import refusals_ja
from goen.vocabulary.refusal import Refusal

STATUS: Mapping[str, int] = {
    "refused": 422,
    "invalid_request": 422,
    "missing_idempotency_key": 422,
    "unknown_member": 422,
    "unknown_shop": 422,
    "unknown_purchase": 422,
    "unknown_product": 422,
    "unknown_hold": 422,
    "unknown_identifier": 422,
    "unknown_device": 404,
    "unknown_endpoint": 422,
    "unknown_key": 422,
    "unknown_import": 422,
    "unknown_campaign": 422,
    "unknown_staff": 422,
    "terminal_code_refused": 422,
    "unknown_coupon": 422,
    "unknown_coupon_kind": 422,
    "unknown_tier_programme": 422,
    "unknown_reward": 422,
    "unknown_reward_order": 422,
    "unknown_standing_rule": 422,
    "unknown_draw": 422,
    "unknown_review": 422,
    "unknown_household": 422,
    "unknown_merge": 422,
    "unknown_terms": 422,
    "unknown_wording": 422,
    "unauthorized": 401,
    "sign_in_refused": 401,
    "sign_in_locked": 429,
    "staff_exists": 409,
    "forbidden": 403,
    "proof_required": 403,
    "adjustment_limit": 403,
    "unknown_request": 404,
    "request_state": 409,
    "not_found": 404,
    "method_not_allowed": 405,
    "ambiguous_member": 409,
    "not_enough_points": 409,
    "use_limit": 409,
    "spending_blocked": 409,
    "conflict": 409,
    "identifier_taken": 409,
    "hold_state": 409,
    "purchase_state": 409,
    "return_exceeds_purchase": 409,
    "claim_not_possible": 409,
    "code_not_valid": 409,
    "no_agreement": 409,
    "card_retired": 409,
    "no_contact": 409,
    "sender_missing": 409,
    "line_not_set_up": 409,
    "household_state": 409,
    "tiers_not_counted": 409,
    "coupon_not_usable": 409,
    "hidden_sale_closed": 409,
    "coupon_kind_exists": 409,
    "reward_not_available": 409,
    "reward_order_state": 409,
    "standing_rule_state": 409,
    "programme_overtaken": 409,
    "visit_not_possible": 409,
    "referral_not_possible": 409,
    "not_rewarded": 409,
    "draw_state": 409,
    "draw_entry_not_possible": 409,
    "coupon_code_taken": 409,
    "coupon_batch_differs": 409,
    "empty_segment": 422,
    "coupon_kind_stopped": 409,
    "member_withdrawn": 409,
    "member_frozen": 409,
    "survivor_provisional": 409,
    "merge_undone": 409,
    "merge_order": 409,
    "balance_exists": 409,
    "campaign_exists": 409,
    "campaign_state": 409,
    "second_person_needed": 409,
    "review_decided": 409,
    "terms_exist": 409,
    "terms_hold": 409,
    "wording_exists": 409,
    "cursor_expired": 410,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
    "internal_error": 500,
    # Trouble of our own, told by the ground: the caller may try again later.
    "database_unavailable": 503,
    "schema_refused": 503,
    "server_too_old": 503,
    "data_folder_refused": 503,
    "installation_differs": 503,
    "font_missing": 503,
    "line_unavailable": 503,
}
"""Status of each code. An ``unknown_…`` in a body is 422; where the URL names it, 404 (see ``status_of``)."""

CONTENT_TYPE = (b"content-type", b"application/problem+json")
_HEADERS: Mapping[str, tuple[tuple[bytes, bytes], ...]] = {
    "unauthorized": ((b"www-authenticate", b'Bearer realm="goen"'),),
    "payload_too_large": ((b"connection", b"close"),),  # The rest of the body is not read.
    "database_unavailable": ((b"retry-after", b"1"),),
}


class Unauthorized(Refusal):
    """No key, or not one of ours: send ``Authorization: Bearer <key>``."""

    code = "unauthorized"


class MethodNotAllowed(Refusal):
    """The address exists, but not with this method; ``allowed`` lists those it has."""

    code = "method_not_allowed"


NEEDS_KEY = "This act needs an Idempotency-Key: any word of your own."


class MissingIdempotencyKey(Refusal):
    """Acts that move points carry an ``Idempotency-Key`` of 1 to 200 printable characters."""

    code = "missing_idempotency_key"


class PayloadTooLarge(Refusal):
    """The body is larger than this operation takes; ``bytes_max`` says how much it takes."""

    code = "payload_too_large"


class UnsupportedMediaType(Refusal):
    """Bodies are ``application/json``, not compressed."""

    code = "unsupported_media_type"


class RateLimited(Refusal):
    """This key has asked too often; ``Retry-After`` says when to come back."""

    code = "rate_limited"


class InternalError(Refusal):
    """Something failed on our side; the log has it under the request id. Asking again is safe."""

    code = "internal_error"


def status_of(refusal: Refusal, method: str, absent: tuple[type[Refusal], ...] = ()) -> int:
    """The status of a refusal: 404 where it says that the URL names nothing.

    A GET has no body, so whatever it does not know, its URL named.
    """
    if isinstance(refusal, absent) or (method == "GET" and refusal.code.startswith("unknown_")):
        return 404
    return STATUS[refusal.code]


def problem(refusal: Refusal, status: int, request_id: str, language: Language = "en") -> Reply:
    """The answer that tells a refusal: ``{type, title, status, code, detail, request_id, …fields}``.

    ``title`` and ``detail`` are in the language asked for; code and fields are for programs and stay as they are.
    """
    japanese = language == "ja"
    body: dict[str, Any] = {
        "type": f"/docs/problems#{refusal.code}",
        "title": refusals_ja.title(refusal) if japanese else refusal.code.replace("_", " ").capitalize(),
        "status": status,
        "code": refusal.code,
        "detail": refusals_ja.detail(refusal) if japanese else refusal.detail,
        "request_id": request_id,
    }
    # A field never hides one of ours; ``status`` of a hold or purchase goes by its full name.
    body.update((name, value) for name, value in refusal.fields.items() if name not in body)
    headers = (CONTENT_TYPE, (b"content-language", language.encode()), *_HEADERS.get(refusal.code, ()))
    if "retry_after" in refusal.fields and not isinstance(refusal, RateLimited):  # Whose headers the frame adds.
        headers = (*headers, (b"retry-after", b"%d" % refusal.fields["retry_after"]))
    if isinstance(refusal, MethodNotAllowed):
        headers = (*headers, (b"allow", ", ".join(refusal.fields["allowed"]).encode()))
    return Reply(status, msgspec.json.encode(body), headers)
