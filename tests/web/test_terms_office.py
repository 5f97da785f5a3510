"""Terms of membership from the office: written, looked at, published, told of, taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from web.conftest import browser, signed_in
from web.test_occasions import post

FORM = "/office/new/terms"


async def test_terms_are_published_told_of_and_taken_back(staffed: Any) -> None:
    today = staffed.clock.now().date()
    soon, later = (today + timedelta(days=10)).isoformat(), (today + timedelta(days=200)).isoformat()
    form = {
        "code": "2027-04", "holds_from": soon, "worsening": "on", "title_ja": "会員規約",
        "text_ja": "第1条（目的）\n本規約は<b>利用条件を定めます。", "changes_ja": "有効期限を12か月にします。",
    }  # fmt: skip
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        look = (await post(visitor, f"{FORM}/form", True, **form, do="look")).text
        assert "<h3>第1条（目的）</h3>" in look
        assert "本規約は&lt;b&gt;利用条件" in look
        assert 'class="checks"' in look, "ten days are short notice of worse terms"
        assert (
            'class="checks"'
            not in (await post(visitor, f"{FORM}/form", True, **form | {"holds_from": later}, do="look")).text
        )
        for field, value in (("holds_from", ""), ("text_ja", " "), ("code", "春"), ("notice_on", later)):
            wrong = await post(visitor, FORM, **form | {field: value})
            assert wrong.status_code == 422, field
        kept = await post(visitor, FORM, **form)
        assert kept.headers["location"] == "/office/terms/2027-04"
        taken = await post(visitor, FORM, **form | {"title_ja": "別の規約"})
        assert taken.status_code == 422
        assert "すでに使われています" in taken.text
        told = (await staffed.server.get("/v1/terms/2027-04")).json()
        assert (told["state"], told["holds_from"], told["worsening"]) == ("to_come", soon, True)
        assert told["text"] == {"ja": "第1条（目的）\n本規約は<b>利用条件を定めます。"}
        again = (await visitor.get(FORM)).text
        assert "本規約は&lt;b&gt;利用条件" in again, "the next version begins with the words of this one"
        notice = {"place": "メール", "told_on": today.isoformat(), "words": "お知らせ"}
        assert (await post(visitor, "/office/terms/2027-04/notices", **notice)).status_code == 303
        page = (await visitor.get("/office/terms/2027-04")).text
        assert "メール" in page
        assert "規約を取り下げる" in page
        await post(visitor, "/office/terms/2027-04/withdraw")
        assert "規約を取り下げる" not in (await visitor.get("/office/terms/2027-04")).text
        assert (await visitor.get("/office/terms/nowhere")).status_code == 404
    async with browser(staffed.application) as anybody:
        assert (await anybody.get("/terms/2027-04")).status_code == 404
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        assert (await visitor.get("/office/terms/2027-04")).status_code == 200
        assert "/office/new/terms" not in (await visitor.get("/office/programme")).text
        assert (await post(visitor, FORM, **form)).status_code == 403
