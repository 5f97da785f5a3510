"""Hidden sales at the till: whose goods they are is asked of every sale while one is live."""

from __future__ import annotations

from datetime import date, datetime

from goen.actions.points.context import Context
from goen.actions.points.offers import facts_of
from goen.actions.till.desk import Desk
from goen.earning.campaigns.hidden import Closed, closed_to
from goen.earning.campaigns.running import Running
from goen.earning.campaigns.scene import Place, Scene
from goen.earning.evaluate import Engine
from goen.purchases.model import Purchase
from goen.shops.model import Shop


class HiddenSales:
    """The hidden sales that are live at one sale's moment."""

    def __init__(self, context: Context, running: Running, ask: Purchase, scene: Scene) -> None:
        self._context = context
        self._hidden = running.hidden
        self._ask = ask
        self._scene = scene
        goods = [each.goods for each in self._hidden if each.goods is not None]
        looks_up = any(each.needs_articles or each.asks_category for each in goods)
        self._skus = tuple({line.sku for line in ask.lines if line.sku}) if looks_up else ()

    @staticmethod
    def of(
        context: Context, engine: Engine, ask: Purchase, shop: Shop, moment: datetime, day: date
    ) -> HiddenSales | None:  # fmt: skip
        """None where there is none."""
        running = context.campaigns.running(engine, moment)
        if running is None or not running.hidden:
            return None
        scene = Scene.of(Place(shop.code, shop.kind, shop.region), moment, day, context.zone)
        return HiddenSales(context, running, ask, scene)

    def closed(self, desk: Desk, who: int | None, tier: str | None, others: tuple[str, ...]) -> list[Closed]:
        """Those that do not admit the buyer, None for a guest, with the lines in question."""
        facts = facts_of(self._context, self._hidden, self._scene, desk, who, tier, others)
        articles = desk.circumstances.articles(self._skus) if self._skus else {}
        return closed_to(self._hidden, self._ask.lines, articles, self._scene, facts)
