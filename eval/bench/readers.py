"""Readers while versions are published: does every search see one whole version, and are files given back?"""

from __future__ import annotations

import json
import os
import re
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from eval.indexes import Progress
from hippograph.settings import Settings
from hippograph.types import Document, DocumentId

if TYPE_CHECKING:
    from hippograph import Hippograph
    from hippograph.ports import Parts

PLACES = (
    "Ollavar",
    "Marren",
    "Vessmouth",
    "Tarn",
    "Kelby",
    "Ostrand",
    "Pell",
    "Brae",
    "Hume",
    "Lodz",
    "Quay",
    "Zell",
)
EDITION = re.compile(r"edition (\d+)")
SEARCHES = 4
"""How often a reader asks before it opens the index again."""
COMPACT_EVERY = 10
"""One publish in so many also compacts, which writes all files anew."""


def edition(number: int) -> list[Document]:
    """The documents of one version: each sentence says of which."""
    return [
        Document(
            DocumentId(place),
            place,
            f"{place} stands in edition {number}. The road to {PLACES[row - 1]} is closed in edition {number}. "
            f"In edition {number} the harbour of {place} is open.",
        )
        for row, place in enumerate(PLACES)
    ]


def measure_readers(readers: int, publishes: int, progress: Progress) -> dict[str, Any]:
    """Let readers search and re-open in processes of their own while versions are published, and gather what they saw.

    Counted are errors, searches that saw another version than the one that was opened, versions that were not whole or
    older than one seen before, and how many more files a process has open and mapped in the last quarter of its time
    than it ever had in the first.
    """
    settings = Settings.load(models={"splitter": "plain", "embedder": "hashing", "vectors": "numpy"})
    with TemporaryDirectory(prefix="hippograph-readers-") as folder:
        root = Path(folder)
        writer = _Writer(root, settings)
        children = [_fork(root, number, settings, writer.parts) for number in range(readers)]
        try:
            for number in range(publishes):
                writer.publish()
                progress("publishing", number + 1, publishes)
        finally:
            (root / "stop").touch()
            for child in children:
                os.waitpid(child, 0)
        seen = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(root.glob("reader-*.json"))]
        return _report(seen, readers, publishes, writer)


class _Writer:
    """The one who publishes, and what its files are."""

    def __init__(self, root: Path, settings: Settings) -> None:
        from hippograph import Hippograph
        from hippograph.wiring import build_parts

        self.parts = build_parts(settings)
        self._number, self._files = 1, list[int]()
        self._memory = Hippograph.build(edition(1), root / "index", settings=settings, parts=self.parts)
        self.seconds = 0.0

    def publish(self) -> None:
        """Change every document at once, and now and then compact."""
        start = time.perf_counter()
        self._number += 1
        self._memory.add(edition(self._number))
        if self._number % COMPACT_EVERY == 0:
            self._memory.compact()
        self.seconds += time.perf_counter() - start
        self._files.append(_open_files())

    def growth_of_files(self) -> int:
        """How many more files are open in the last quarter of the publishes than in the first."""
        return growth(self._files)


def growth(counts: Sequence[int]) -> int:
    """By how much the least of the last quarter is more than the most of the first: what leaks, grows with time.

    >>> growth([6, 7, 6, 7, 6, 7, 6, 7]), growth([6, 7, 8, 9, 10, 11, 12, 13])
    (0, 5)
    """
    quarter = max(1, len(counts) // 4)
    return max(0, min(counts[-quarter:], default=0) - max(counts[:quarter], default=0))


def _report(seen: Sequence[dict[str, Any]], readers: int, publishes: int, writer: _Writer) -> dict[str, Any]:
    problems = [problem for each in seen for problem in each["problems"]]
    return {
        "bench": "readers",
        "readers": readers,
        "publishes": publishes,
        "publish_seconds": round(writer.seconds, 2),
        "searches": sum(each["searches"] for each in seen),
        "openings": sum(each["openings"] for each in seen),
        "versions_seen_most": max((each["versions"] for each in seen), default=0),
        "lost_readers": readers - len(seen),
        "problem_count": len(problems),
        "problems": problems[:5],
        "open_files_growth": max([writer.growth_of_files(), *(each["open_files_growth"] for each in seen)]),
        "mapped_files_growth": max((each["mapped_files_growth"] for each in seen), default=0),
    }


def _fork(root: Path, number: int, settings: Settings, parts: Parts) -> int:
    """Start a reader in a fork of this process, which has everything imported."""
    child = os.fork()
    if child:
        return child
    try:
        found = _read(root, settings, parts)
        aside = root / f"reader-{number}.new"
        aside.write_text(json.dumps(found), encoding="utf-8")
        aside.rename(root / f"reader-{number}.json")
    finally:
        os._exit(0)


def _read(root: Path, settings: Settings, parts: Parts) -> dict[str, Any]:
    """Open, search, close, until told to stop."""
    from hippograph import Hippograph

    problems: list[str] = []
    editions: list[int] = []
    opened: list[int] = []
    mapped: list[int] = []
    searches = openings = 0
    while not (root / "stop").exists() or not openings:
        try:
            with Hippograph.open(root / "index", settings=settings, parts=parts) as memory:
                openings += 1
                for again in range(2):
                    shown = _whole_edition(memory, problems)
                    if editions and shown < editions[-1]:
                        problems.append(f"edition {shown} after edition {editions[-1]}")
                    editions.append(shown)
                    searches += _search(memory, shown, problems)
                    if again == 0:
                        memory.refresh()
                opened.append(_open_files())
                mapped.append(_mapped_files())
        except Exception:
            problems.append(traceback.format_exc(limit=-4))
            openings += 1
    return {
        "problems": problems,
        "searches": searches,
        "openings": openings,
        "versions": len(set(editions)),
        "open_files_growth": growth(opened),
        "mapped_files_growth": growth(mapped),
    }


def _whole_edition(memory: Hippograph, problems: list[str]) -> int:
    """The edition that every passage of the opened version is of."""
    passages = list(memory.index.passages())
    editions = {number for passage in passages for number in _editions(passage.text)}
    if len(editions) != 1 or len(passages) != len(PLACES):
        problems.append(f"a version of {len(passages)} passages holds editions {sorted(editions)}")
    return max(editions, default=0)


def _search(memory: Hippograph, shown: int, problems: list[str]) -> int:
    for number in range(SEARCHES):
        place = PLACES[(shown + number) % len(PLACES)]
        found = memory.search(f"Is the harbour of {place} open?", k=5)
        editions = {number for ranked in found for number in _editions(ranked.passage.text)}
        if editions != {shown}:
            problems.append(f"a search in edition {shown} saw editions {sorted(editions)}")
    return SEARCHES


def _editions(text: str) -> set[int]:
    return {int(number) for number in EDITION.findall(text)}


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def _mapped_files() -> int:
    """How many files of an index are mapped into memory."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    return sum("/hippograph-readers-" in line for line in maps.splitlines())
