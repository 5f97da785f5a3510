"""Friends: the code that a member passes on, and the one that somebody new brings (rule 38)."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from litestar import Request, Response, get
from litestar.datastructures import Cookie, State
from markupsafe import Markup

from goen.actions.points.referrals import Refer, ReferralAnswer, ReferralAsk
from goen.actions.points.standing import live_of_kind
from goen.actions.standing import make_referral_code
from goen.database.pool import Reading
from goen.earning.coupons.codes import code_hash, normal, shown, well_formed
from goen.earning.standing.errors import ReferralNotPossible
from goen.earning.standing.model import Referral, StandingRule
from goen.earning.standing.rules import open_at
from goen.identity.codes import svg, symbol
from goen.identity.presented import presented
from goen.members.ids import member_id_of, public_id
from goen.purchases.model import MemberRef
from goen.readings.family import family
from goen.readings.member_profile import member_profile
from goen.readings.referrals import code_of, referrals_by, referrer_of
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import Refusal
from goen.web.common.pages import secure
from goen.web.common.surroundings import Surroundings
from goen.web.common.visits import cookie, moved
from goen.web.member.visit import SELF, SIGN_IN, MemberVisit

#: The code of whoever sent somebody here, until they have joined.
BROUGHT = "goen_friend"
#: A mark of this browser that stays, kept as a hash with a referral: many friends on one phone are one.
PHONE = "goen_phone"
_MONTH, _YEAR = 30 * 86_400, 400 * 86_400
FRIENDS = 200


class Friends(NamedTuple):
    """What a member may tell: their ``code`` and its ``link``, what ``rule`` gives for it, how many friends came.
    ``enter``: whether a code may still be brought."""

    rule: StandingRule
    when: Referral
    code: str
    link: str
    square: Markup
    pending: int
    paid: int
    enter: bool


async def _rule(connection: Reading, now: Instant) -> StandingRule | None:
    """The rule about friends that is live; the one that gives most."""
    live = [each.rule for each in await live_of_kind(connection, "referral") if open_at(each.rule, now)]
    return max(live, key=lambda rule: rule.points, default=None)


async def told(visit: MemberVisit) -> Friends | None:
    """The member's own code with its link; None where nothing is given for friends just now."""
    known, now = visit.known, visit.now
    async with known.database.reading() as connection:
        rule = await _rule(connection, now)
        if rule is None or not isinstance(rule.when, Referral):
            return None
        one = await family(connection, visit.member_id)
        code = await code_of(connection, one.root)
        friends = await referrals_by(connection, one.members, FRIENDS, None)
        member = await member_profile(connection, visit.member_id)
    if member.status != "active":
        return None
    if code is None:
        code = await make_referral_code(known.database, one.root, now)
    scheme = "https" if secure(visit.request) else "http"
    link = f"{scheme}://{visit.request.headers.get('host', '')[:200]}/invite/{shown(code)}"
    states = [each["state"] for each in friends]
    newcomer = now < member.joined_at + timedelta(days=rule.when.enter_days + 1)
    return Friends(
        rule, rule.when, shown(code), link, Markup(svg(symbol("qr", link))),  # noqa: S704 - drawn by us.
        states.count("pending"), states.count("paid"), newcomer,
    )  # fmt: skip


async def refer(known: Surroundings, member_id: int, typed: str, device: str | None, now: Instant) -> int:
    """Enter a referral; gives the points that the newcomer has got for it at once.

    Raises:
        ReferralNotPossible.
    """
    code = normal(typed[:100])
    async with known.database.reading() as connection:
        referrer_id = await referrer_of(connection, code_hash(code), code)
    if referrer_id is None:
        raise ReferralNotPossible("code_unknown", "Nobody has this code.")
    mine = public_id(member_id)
    ask = ReferralAsk(MemberRef("member_id", mine), code, device)
    who = presented("member_id", mine, member_id_of=member_id_of)
    answer = await known.till.post(Refer(ask, who, referrer_id, f"refer:{mine}:{code}", SELF, known.context, now))
    return msgspec.json.decode(answer.body, type=ReferralAnswer).points


async def joined(request: Request[Any, Any, State], known: Surroundings, member_id: int) -> tuple[str, list[Cookie]]:
    """Where somebody goes who has just joined, and the cookies that are done with: with a friend's code, to what it
    has done."""
    code = request.cookies.get(BROUGHT, "")
    if not code:
        return "/me", []
    gone = [cookie(request, BROUGHT, "", seconds=0, path="/me", site="lax")]
    try:
        points = await refer(known, member_id, code, request.cookies.get(PHONE), known.clock.now())
    except ReferralNotPossible as refusal:
        return f"/me/benefits?done=friend_{refusal.fields['reason']}#friends", gone
    except Refusal:
        return "/me", gone
    return f"/me/benefits?done=friend&got={points}#friends", gone


@get("/invite/{code:str}", include_in_schema=False)
async def _invited(request: Request[Any, Any, State], state: State) -> Response[Any]:
    """A friend follows the link: the code is kept on their phone until they have joined."""
    code = normal(str(request.path_params["code"])[:100])
    kept = [cookie(request, BROUGHT, shown(code), seconds=_MONTH, path="/me", site="lax")] if well_formed(code) else []
    if PHONE not in request.cookies:
        kept.append(cookie(request, PHONE, secrets.token_urlsafe(18), seconds=_YEAR, path="/me", site="lax"))
    return moved(SIGN_IN, kept)


HANDLERS = (_invited,)
