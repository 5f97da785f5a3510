"""Back-tests of campaigns over HTTP: worked out by a process of their own, because a year of sales takes minutes."""

from __future__ import annotations

from datetime import date

import msgspec

from goen.actions.backtests import TURN
from goen.actions.own_process import run_command
from goen.api.call import Call, Reply
from goen.api.operations import SERVER, Operation
from goen.api.v1.campaigns import Version
from goen.earning.campaigns.errors import UnknownCampaign
from goen.readings import campaigns as readings
from goen.readings.backtest import BacktestAnswer
from goen.vocabulary.refusal import InvalidRequest


class BacktestRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"first": "from", "last": "to"}):
    """Over which trading days, both included (without: all there are), and which version (without: the newest)."""

    first: date | None = None
    last: date | None = None
    version: Version | None = None


async def _backtest(call: Call) -> Reply:
    services, ask = call.services, call.decode(BacktestRequest)
    if ask.first is not None and ask.last is not None and ask.last < ask.first:
        raise InvalidRequest("to", "is before from")
    code = call.path["code"]
    async with services.database.reading() as connection:
        kept = await readings.kept(connection, services.context.campaigns, code, call.now, ask.version)
    if kept is None:
        raise UnknownCampaign(code)
    words = ["backtest", "--json", "--version", str(kept.campaign.version)]
    words += ["--from", ask.first.isoformat()] if ask.first else []
    words += ["--to", ask.last.isoformat()] if ask.last else []
    async with TURN:
        printed = await run_command(services.database.dsn, *words, "--", code)
    return Reply(200, printed.strip())


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/v1/campaigns/{code}/backtest",
        summary="What a campaign would have given over the sales that were made; nothing is written",
        handler=_backtest,
        request=BacktestRequest,
        answer=BacktestAnswer,
        roles=SERVER,
        refusals=(UnknownCampaign,),
        absent=(UnknownCampaign,),
        tag="Programme",
    ),
)
