"""Refusals in the caller's language: ``title`` and ``detail`` alone, and nothing that is kept."""

from __future__ import annotations

from typing import Any

import pytest

JA = {"Accept-Language": "ja"}


def sale(at: Any, **changes: Any) -> dict[str, Any]:
    lines = [{"line": 1, "amount": 1100}]
    return {
        "shop": "shibuya",
        "external_id": "r-1",
        "occurred_at": at.clock.now().isoformat(),
        "lines": lines,
        **changes,
    }


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        (None, "en"), ("ja", "ja"), ("ja-JP,ja;q=0.9,en;q=0.8", "ja"), ("en-US,ja;q=0.5", "en"), ("fr", "en"),
        ("*", "en"), ("", "en"), ("ja;q=x", "en"),
    ],
)  # fmt: skip
async def test_the_wish_decides_for_every_method_and_who_says_nothing_hears_english(
    edge: Any, wish: str | None, language: str
) -> None:
    headers = {} if wish is None else {"Accept-Language": wish}
    for answer in (
        await edge.server.get("/v1/members/m_1", headers=headers),
        await edge.server.post("/v1/purchases", json={"shop": "nowhere"}, headers=headers),
        await edge.server.get("/v1/nothing", headers=headers),
        await edge.anyone.get("/v1/shops", headers=headers),
    ):
        told = answer.json()
        assert answer.headers["content-language"] == language
        assert told["title"].isascii() is (language == "en"), told
        assert told["detail"].isascii() is (language == "en"), told


async def test_code_and_fields_are_the_same_in_both(edge: Any) -> None:
    body = sale(edge, lines=[{"line": 1, "amount": "x"}])
    english = (await edge.server.post("/v1/purchases", json=body)).json()
    japanese = (await edge.server.post("/v1/purchases", json=body, headers=JA)).json()
    for name in ("title", "detail", "request_id"):
        english.pop(name)
        japanese.pop(name)
    assert english == japanese
    assert english["errors"][0]["field"] == "lines.0.amount"


async def test_a_kept_answer_comes_again_byte_for_byte_whatever_the_wish(edge: Any) -> None:
    first = await edge.server.post("/v1/purchases", json=sale(edge))
    again = await edge.server.post("/v1/purchases", json=sale(edge), headers={"Accept-Language": "en"})
    third = await edge.server.post("/v1/purchases", json=sale(edge), headers=JA)
    assert first.status_code == 201, first.text
    assert first.content == again.content == third.content
    assert third.headers["idempotent-replayed"] == "true"
    other = await edge.server.post("/v1/purchases", json=sale(edge, lines=[{"line": 1, "amount": 1}]), headers=JA)
    assert other.status_code == 409
    assert other.json()["detail"] == "同じキーで、内容の異なる要求がすでに処理されています。"


async def test_what_a_batch_refuses_is_told_in_that_language_too(edge: Any) -> None:
    items = [sale(edge, shop="nowhere"), sale(edge, lines=[])]
    told = await edge.server.post("/v1/purchases/batch", json={"items": items}, headers=JA)
    assert [each["body"]["detail"] for each in told.json()["items"]] == [
        "店舗「nowhere」は登録されていません。", "lines：明細が1行以上必要です。",
    ]  # fmt: skip
