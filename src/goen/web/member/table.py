"""Every address of the members' pages. Those of the table ask for a member who is signed in."""

from __future__ import annotations

from goen.web.member import (
    benefits,
    card,
    consents,
    friends,
    household,
    line,
    notices,
    points,
    profile,
    rewards,
    sign_in,
    terms,
)
from goen.web.member.visit import Route, handlers

ROUTES: tuple[Route, ...] = (
    Route("GET", "/me", card.card),
    Route("GET", "/me/now", card.now),
    Route("GET", "/me/live", card.live),
    Route("POST", "/me/key", card.key),
    Route("GET", "/me/points", points.points),
    Route("GET", "/me/points/older", points.older),
    Route("POST", "/me/claims", points.claim),
    Route("GET", "/me/benefits", benefits.benefits),
    Route("POST", "/me/visits", benefits.check_in),
    Route("POST", "/me/friends", benefits.bring),
    Route("GET", "/me/rewards", rewards.rewards),
    Route("GET", "/me/rewards/{code:str}", rewards.reward),
    Route("POST", "/me/rewards/{code:str}", rewards.order),
    Route("POST", "/me/reward-orders/{order_id:str}/cancel", rewards.cancel),
    Route("GET", "/me/profile", profile.profile),
    Route("POST", "/me/profile", profile.save),
    Route("POST", "/me/consents", consents.set_consent),
    Route("POST", "/me/notices", notices.start),
    Route("POST", "/me/notices/kinds", notices.pick),
    Route("POST", "/me/notices/end", notices.end),
    Route("POST", "/me/terms", terms.answer),
    Route("GET", "/me/line", line.link),
    Route("POST", "/me/contacts", profile.add_contact),
    Route("GET", "/me/contacts/code", profile.ask_contact_code),
    Route("POST", "/me/contacts/code", profile.confirm_contact),
    Route("POST", "/me/identifiers/{identifier_id:str}/remove", profile.remove),
    Route("POST", "/me/household", household.make),
    Route("POST", "/me/household/people", household.invite),
    Route("POST", "/me/household/people/{member_id:str}", household.permit),
    Route("POST", "/me/household/leave", household.leave_it),
    Route("POST", "/me/households/{household_id:str}/accept", household.accept),
    Route("POST", "/me/households/{household_id:str}/decline", household.decline),
    Route("POST", "/me/devices/{handle:str}/end", profile.end_device),
    Route("POST", "/me/sign-out", sign_in.sign_out),
)

HANDLERS = (*sign_in.HANDLERS, *line.HANDLERS, *card.HANDLERS, *terms.HANDLERS, *friends.HANDLERS, *handlers(ROUTES))
