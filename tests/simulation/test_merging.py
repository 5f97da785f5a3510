"""Two people merged and parted at random end like twins who never were."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from simulation.merging import Pair
from simulation.tangle import Tangle
from simulation.world import World

EXAMPLES = os.environ.get("GOEN_SIMULATION_EXAMPLES")
PHASES = [Phase.generate, Phase.shrink] if os.environ.get("GOEN_SIMULATION_SHRINK") else [Phase.generate]


def test_each_side_of_an_undone_merge_is_its_never_merged_twin_lot_by_lot(database: Any, clock: Any) -> None:
    run(Pair, database.dsn, clock)


def test_merges_in_any_tangle_and_their_undos_gain_and_lose_nothing(database: Any, clock: Any) -> None:
    run(Tangle, database.dsn, clock)


def run(machine: type[Pair | Tangle], dsn: str, clock: Any) -> None:
    with World(dsn, clock) as world:
        here = type("Here", (machine,), {"world": world})
        run_state_machine_as_test(
            here,
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
