"""A run of matching over the members, as ``goen match`` and the worker's nightly job start it."""

from __future__ import annotations

from goen.settings import Settings


async def match_members(settings: Settings) -> str:
    """Run it; gives a sentence on what came of it."""
    from goen.actions.members.matching import match_members as run
    from goen.actions.merging.pairs import PairMerger
    from goen.cli.importing import open_books
    from goen.cli.session import opened
    from goen.shops.model import Principal
    from goen.vocabulary.clock import SystemClock

    async with opened(settings, "goen match") as database, open_books(database, SystemClock()) as books:
        merge = PairMerger(database, books.till, books.context)
        counts = await run(database, SystemClock(), Principal(0, "goen match", "server"), merge)
    words = [f"{counts.members:,} members", f"{counts.merged:,} merged"]
    if counts.certain:
        words.append(f"{counts.certain:,} certain pairs cannot be merged now and wait for a person")
    return f"{', '.join(words)}, {counts.asked:,} pairs to review (GET /v1/match_reviews)."
