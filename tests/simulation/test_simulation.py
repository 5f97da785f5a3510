"""Random retail against the real application: whatever happens, the books agree and the parts equal the whole.

More examples: ``GOEN_SIMULATION_EXAMPLES=2000 pytest -n 0 tests/simulation``; add ``GOEN_SIMULATION_SHRINK=1`` to
have a failing example made small, which takes minutes.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from simulation.machine import Retail
from simulation.world import World

EXAMPLES = os.environ.get("GOEN_SIMULATION_EXAMPLES")
PHASES = [Phase.generate, Phase.shrink] if os.environ.get("GOEN_SIMULATION_SHRINK") else [Phase.generate]


def test_whatever_happens_the_books_agree_and_the_parts_equal_the_whole(database: Any, clock: Any) -> None:
    with World(database.dsn, clock) as world:

        class Here(Retail):
            pass

        Here.world = world
        run_state_machine_as_test(
            Here,
            settings=settings(
                max_examples=int(EXAMPLES or 25),
                stateful_step_count=40,
                deadline=None,
                derandomize=EXAMPLES is None,
                phases=PHASES,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
