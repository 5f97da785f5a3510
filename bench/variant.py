"""Variants of Goen that only the benchmarks build, to stand beside the real one.

``single``: one transaction per request, sixteen connections, no batches. Run: python -m bench.variant single PORT
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn

from goen import main
from goen.actions.till.till import Till
from goen.api.protocol import Protocol


def single(*arguments: Any, **options: Any) -> Till:
    """A till that commits each act by itself."""
    return Till(*arguments, **options | {"batch_max": 1, "connections": 16})


VARIANTS: dict[str, Callable[..., Till]] = {"single": single}

if __name__ == "__main__":
    main.Till = VARIANTS[sys.argv[1]]  # type: ignore[assignment,misc] # a till of the same shape
    main.open_database = partial(main.open_database, writers_max=24)  # type: ignore[assignment]
    uvicorn.run(
        "goen.main:application", factory=True, host="127.0.0.1", port=int(sys.argv[2]), http=Protocol,
        loop="uvloop", lifespan="on", access_log=False, log_level="warning", proxy_headers=False,
    )  # fmt: skip
