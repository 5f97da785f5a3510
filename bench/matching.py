"""Matching: how right, on lists whose truth is known, and how fast and large, on invented people.

    python -m bench.matching --lists [FOLDER]       the tables of docs/concepts/matching.md
    python -m bench.matching [--records 1000000]    seconds and memory of ``goen match --file``, in a process of its own

The lists are those of shared/data/linkage and two of our own (bench/people.py) with usual and wild errors.
"""

from __future__ import annotations

import argparse
import csv
import logging
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.people import HEADER, Noise, People, write
from goen.identity.matching.batch import Matched, match
from goen.identity.matching.columns import recognise
from goen.identity.matching.evaluation import Figures, figures, table
from goen.identity.matching.prepare import raw_of

LINKAGE = Path(__file__).parents[2] / "shared/data/linkage"
WILD = Noise(
    missing=35, wrong_letter=10, wrong_digit=10, old_kanji=20, latin_nickname=40, new_contact=20, new_family_name=10,
    share_household=60, share_phone=60, share_twin=8, share_recycled=5,
)  # fmt: skip
#: Lists and where their truth stands: a column, or a part of the record's id.
KNOWN = {"ja_members_constructed_dev.csv": "entity", "febrl3.csv": None, "splink_fake_1000.csv": "cluster"}
PROMISED = "a million records in under 480 s and 8 GiB on two cores"


def lists(folder: Path) -> Iterator[tuple[str, Matched, Figures]]:
    """Match each list and compare with its truth."""
    for name, column in KNOWN.items():
        with (folder / name).open(encoding="utf-8") as file:
            header, *rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
        at = header.index(column) if column else None
        truth = {row[0]: row[at] if at is not None else row[0].split("-")[1] for row in rows}
        yield name, *_matched([name if name != column else "" for name in header], rows, truth)
    for name, seed, noise in (("ours, usual errors", 1, Noise()), ("ours, wild errors", 2, WILD)):
        rows = [list(row) for row in People(seed, noise).rows(6_000)]
        yield name, *_matched(list(HEADER[:-1]), rows, {row[0]: row[-1] for row in rows})


def _matched(header: list[str], rows: list[list[str]], truth: dict[str, str]) -> tuple[Matched, Figures]:
    columns = recognise(header)
    raws = [raw_of(row, columns) for row in rows]
    found = match(lambda: raws)
    return found, figures(found.cluster_of, found.pairs, truth)


def run(records: int) -> None:
    """Write a list of so many records and match it with the command, watching its memory."""
    with tempfile.TemporaryDirectory(prefix="goen-bench-") as folder:
        source = Path(folder) / "people.csv"
        began = time.perf_counter()
        count = write(source, records, 7)
        print(
            f"{count:,} invented records, {source.stat().st_size / 2**20:,.0f} MiB, {time.perf_counter() - began:.0f} s"
        )
        command = [sys.executable, "-m", "goen.cli", "match", "--file", str(source), "--truth", "entity"]
        began = time.perf_counter()
        child = subprocess.Popen([*command, "--out", f"{folder}/out.csv", "--pairs", f"{folder}/pairs.csv"])
        peak = 0

        def watch() -> None:
            nonlocal peak
            process = psutil.Process(child.pid)
            while child.poll() is None:
                try:
                    peak = max(peak, process.memory_info().rss)
                except psutil.NoSuchProcess:
                    return
                time.sleep(0.2)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        status = child.wait()
        took = time.perf_counter() - began
        watcher.join()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        processors = used.ru_utime + used.ru_stime
        print(f"{took:,.0f} s, {processors:,.0f} s of processors, {peak / 2**30:.1f} GiB at most, status {status}")
        load = os.getloadavg()[0]
        print(
            f"{psutil.cpu_count()} cores, load {load:.1f} in the last minute (more than the cores: others were at work)"
        )
        if count < 900_000:
            print(f"in proportion, a million would take {took * 1e6 / count:,.0f} s (an extrapolation)")
        print(f"promised: {PROMISED}")


def main() -> None:
    """The one or the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lists", nargs="?", const=LINKAGE, type=Path)
    parser.add_argument("--records", type=int, default=1_000_000)
    options = parser.parse_args()
    logging.getLogger("splink").setLevel(logging.ERROR)
    if options.lists:
        print(table((name, got) for name, _, got in lists(options.lists)))
    else:
        run(options.records)


if __name__ == "__main__":
    main()
