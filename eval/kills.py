"""Killed anywhere: runs of a small index are stopped with SIGKILL, carried on, and compared with undisturbed ones.

Every run is a fork of this process, which has everything imported, so that a kill costs about as much as the run. What
was done for a passage or a string counts as finished once the run told its progress past it, which it does after the
transaction that holds it was committed; it must never be done again. What was under way may be, and is counted apart.
"""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
import signal
import statistics
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import typer

from eval.generated import changed_document, generate_documents
from eval.growth import compare_indexes, make_questions
from eval.indexes import Corpus, Progress
from eval.journal import (
    EMBEDDED,
    HITS,
    READ,
    TRAPS,
    Journal,
    JournalledEmbedder,
    JournalledExtractor,
    Trap,
    read_journal,
    repetitions,
    work_done,
    work_finished,
)
from eval.tables import show_reports
from hippograph.errors import HippographError, IndexNotFound
from hippograph.settings import Settings
from hippograph.types import Document, DocumentId

if TYPE_CHECKING:
    from hippograph import Hippograph
    from hippograph.ports import Parts

Run = Callable[[Path, "Parts", Settings, Progress], None]

BASE_COUNT = 24
BATCH = 16
"""Passages or strings between two commits: small, so that a short run has many."""
QUESTIONS = 2
TIMED_RUNS = 3
LATEST = 1.05
"""Random moments are drawn up to so many times the length of an undisturbed run; one too late is drawn again."""
COLUMNS = {
    "run": "run",
    "killed_at": "killed at",
    "kills": "kills",
    "equal": "same index",
    "torn": "torn for readers",
    "repeated_reads": "read again",
    "repeated_embeddings": "embedded again",
    "most_under_way": "most under way",
}
"""What the table shows of each row, and under which heading."""


def base_documents() -> list[Document]:
    """What the index holds before it is brought up to date."""
    return list(generate_documents(0, BASE_COUNT))


def updated_documents() -> list[Document]:
    """The same with some changed, some gone, some new, and one under another id."""
    base = base_documents()
    changed = [changed_document(document) for document in base[:5]]
    renamed = [dataclasses.replace(base[5], id=DocumentId("doc-renamed"))]
    return [*changed, *renamed, *base[9:], *generate_documents(BASE_COUNT, BASE_COUNT + 8)]


def build(folder: Path, parts: Parts, settings: Settings, progress: Progress) -> None:
    """A first run, into no index at all."""
    from hippograph.engine import index_sources

    index_sources(
        [Corpus("kills", base_documents())], folder, settings=settings, parts=parts, progress=progress
    )


def update(folder: Path, parts: Parts, settings: Settings, progress: Progress) -> None:
    """A later run, which adds, changes and removes."""
    from hippograph.engine import index_sources

    index_sources(
        [Corpus("kills", updated_documents())], folder, settings=settings, parts=parts, progress=progress
    )


def change(folder: Path, parts: Parts, settings: Settings, progress: Progress) -> None:
    """The same changes handed over, without a source to compare with."""
    from hippograph.indexing import update_index

    base, updated = base_documents(), updated_documents()
    added = [document for document in updated if document not in base]
    removed = {document.id for document in base} - {document.id for document in updated}
    update_index(folder, parts, settings, added=added, removed=sorted(removed), progress=progress)


def go_back(folder: Path, parts: Parts, settings: Settings, progress: Progress) -> None:
    """Making the first version visible again."""
    from hippograph.engine import roll_back

    roll_back(folder, 1)


def compact(folder: Path, parts: Parts, settings: Settings, progress: Progress) -> None:
    """Rewriting an index without what it no longer needs."""
    from hippograph.engine import compact_index

    compact_index(folder, settings=settings, parts=parts, progress=progress)


@dataclasses.dataclass(frozen=True, slots=True)
class Scenario:
    """A run that gets killed, and the runs that come before it."""

    name: str
    before: tuple[Run, ...]
    run: Run


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("build", (), build),
        Scenario("update", (build,), update),
        Scenario("change", (build,), change),
        Scenario("compact", (build, update), compact),
        Scenario("go back", (build, update), go_back),
    )
}


class Trial:
    """One scenario's index before and after its run, and runs that are killed on the way from one to the other."""

    def __init__(self, scenario: Scenario, folder: Path, settings: Settings, parts: Parts) -> None:
        folder.mkdir()
        self._run, self._root, self._settings, self._parts = scenario.run, folder, settings, parts
        self._questions = make_questions(updated_documents(), QUESTIONS)
        self._before, self._after, self._killed = folder / "before", folder / "after", folder / "killed"
        for run in scenario.before:
            self._finish(run, self._before, folder / "before.log")
        seconds = []
        for _ in range(TIMED_RUNS):
            self._restore(self._after)
            (folder / "after.log").unlink(missing_ok=True)
            start = time.perf_counter()
            self._finish(scenario.run, self._after, folder / "after.log")
            seconds.append(time.perf_counter() - start)
        self.seconds = statistics.median(seconds)
        """How long an undisturbed run takes, the fork included."""

    def place_counts(self) -> dict[str, int]:
        """How many places of each kind an undisturbed run comes past."""
        *_, (what, hits) = read_journal(self._root / "after.log")
        return {kind: hits.get(kind, 0) for kind in TRAPS if what == HITS}

    def kill_after(self, seconds: float) -> dict[str, Any] | None:
        """Kill a run after so many seconds and tell what came of it; None where the run ended first."""
        child = self._start(self._run, self._fresh(), self._root / "killed.log")
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        return self._outcome() if _was_killed(child) else None

    def kill_at(self, kind: str, place: int) -> dict[str, Any] | None:
        """Kill a run at the place of that kind which it comes to as number `place`, counted from 1."""
        child = self._start(self._run, self._fresh(), self._root / "killed.log", kind, place)
        return self._outcome() if _was_killed(child) else None

    def _outcome(self) -> dict[str, Any]:
        """Look at what the killed run left, let the same run finish, and compare."""
        torn = self._seen_by_readers()
        second = self._root / "second.log"
        second.unlink(missing_ok=True)
        try:
            self._finish(self._run, self._killed, second)
            differences = self._differences(self._killed, self._after)
        except HippographError as error:
            differences = [f"carrying on failed: {error}"]
        return {
            "differences": differences,
            "torn": torn,
            "repeated_reads": self._repeated(READ, second),
            "repeated_embeddings": self._repeated(EMBEDDED, second),
            "under_way": self._under_way(READ, second) + self._under_way(EMBEDDED, second),
        }

    def _repeated(self, kind: str, second: Path) -> int:
        """Calls for what the runs before, or the killed one, had finished."""
        killed = self._root / "killed.log"
        before = work_done(self._root / "before.log", kind)
        return repetitions(before, work_done(killed, kind)) + repetitions(
            [*before, *work_finished(killed, kind)], work_done(second, kind)
        )

    def _under_way(self, kind: str, second: Path) -> int:
        """Calls for what the killed run had begun and not finished."""
        killed = self._root / "killed.log"
        begun = set(work_done(killed, kind)) - set(work_finished(killed, kind))
        return repetitions(begun, work_done(second, kind))

    def _seen_by_readers(self) -> list[str]:
        """What is wrong with the version a reader finds after a kill: it must be the one before or the one after."""
        try:
            unlike = (
                self._differences(self._killed, self._before) if self._before.exists() else ["none was there"]
            )
            return unlike and self._differences(self._killed, self._after)
        except IndexNotFound:
            return ["the version from before is gone"] if self._before.exists() else []
        except HippographError as error:
            return [f"a reader is refused: {error}"]

    def _differences(self, a: Path, b: Path) -> list[str]:
        with self._open(a) as first, self._open(b) as second:
            return [*compare_indexes(first, second, self._questions), *first.verify()]

    def _open(self, folder: Path) -> Hippograph:
        from hippograph import Hippograph

        return Hippograph.open(folder, settings=self._settings, parts=self._parts)

    def _fresh(self) -> Path:
        self._restore(self._killed)
        (self._root / "killed.log").unlink(missing_ok=True)
        return self._killed

    def _restore(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        if self._before.exists():
            shutil.copytree(self._before, folder)

    def _finish(self, run: Run, folder: Path, log: Path) -> None:
        """A run that nobody disturbs. Raises HippographError where it fails."""
        _, status = os.waitpid(self._start(run, folder, log), 0)
        if status:
            error = log.with_suffix(".error")
            reason = error.read_text(encoding="utf-8").strip() if error.exists() else f"status {status}"
            raise HippographError(f"The run {run.__name__!r} failed: {reason.splitlines()[-1]}")

    def _start(self, run: Run, folder: Path, log: Path, kind: str = "", place: int = 0) -> int:
        """Start a run in a fork of this process, killed at a place where one is named; gives the fork's id."""
        child = os.fork()
        if child:
            return child
        try:
            journal = Journal(log)
            trap = Trap(journal, folder, kind, place)
            parts = dataclasses.replace(
                self._parts,
                extractor=JournalledExtractor(self._parts.extractor, journal, trap),
                embedder=JournalledEmbedder(self._parts.embedder, journal, trap),
            )
            run(folder, parts, self._settings, trap.progress)
            trap.finish()
        except BaseException:
            log.with_suffix(".error").write_text(traceback.format_exc(), encoding="utf-8")
            os._exit(1)
        os._exit(0)


def measure_kills(
    times: int, places: int, seed: int, progress: Progress, scenarios: Sequence[str] = (*SCENARIOS,)
) -> dict[str, Any]:
    """Kill runs at `times` random moments, scenarios taking equal shares, and at named places.

    Every place where a run tells its progress is tried, and of each other kind at most `places`, evenly spread; none
    of either where `places` is 0.
    """
    settings = Settings.load(
        models={"splitter": "plain", "embedder": "hashing", "vectors": "numpy"}, storage={"batch_size": BATCH}
    )
    rows = []
    with TemporaryDirectory(prefix="hippograph-kills-") as folder:
        parts = _warm_parts(settings, Path(folder) / "warm")
        for number, name in enumerate(scenarios):
            trial = Trial(SCENARIOS[name], Path(folder) / name, settings, parts)
            share = times // len(scenarios) + (number < times % len(scenarios))
            rows.append(_at_random(trial, name, share, random.Random(f"{seed} {name}"), progress))
            rows += [
                _at_places(trial, name, kind, count, places, progress)
                for kind, count in trial.place_counts().items()
                if places and count
            ]
    faults = ("unequal", "torn", "repeated_reads", "repeated_embeddings")
    return {"seed": seed, "rows": rows, "fault_count": sum(row[fault] for row in rows for fault in faults)}


def show_kills(report: dict[str, Any]) -> None:
    """A row for each run and kind of place, and what went wrong below."""
    rows = [{short: row[name] for name, short in COLUMNS.items()} for row in report["rows"]]
    show_reports(f"killed and carried on, seed {report['seed']}", rows, list(COLUMNS.values()))
    for row in report["rows"]:
        for example in row["examples"]:
            typer.echo(f"{row['run']}, {row['killed_at']}: {example}")


def _at_random(
    trial: Trial, name: str, times: int, chance: random.Random, progress: Progress
) -> dict[str, Any]:
    outcomes: list[dict[str, Any]] = []
    too_late = 0
    while len(outcomes) < times:
        outcome = trial.kill_after(chance.uniform(0, LATEST * trial.seconds))
        if outcome is None:
            too_late += 1
        else:
            outcomes.append(outcome)
        progress(f"{name}, at random", len(outcomes), times)
    return {
        **_row(name, "random moments", outcomes),
        "too_late": too_late,
        "run_seconds": round(trial.seconds, 3),
    }


def _at_places(
    trial: Trial, name: str, kind: str, count: int, places: int, progress: Progress
) -> dict[str, Any]:
    outcomes = []
    step = 1 if kind == "progress" else max(1, -(-count // places))
    for place in range(1, count + 1, step):
        if outcome := trial.kill_at(kind, place):
            outcomes.append(outcome)
        progress(f"{name}, {kind}", place, count)
    return {**_row(name, kind, outcomes), "places": count}


def _row(name: str, killed_at: str, outcomes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    unequal = [outcome["differences"] for outcome in outcomes if outcome["differences"]]
    torn = [outcome["torn"] for outcome in outcomes if outcome["torn"]]
    return {
        "run": name,
        "killed_at": killed_at,
        "kills": len(outcomes),
        "equal": len(outcomes) - len(unequal),
        "unequal": len(unequal),
        "torn": len(torn),
        "repeated_reads": sum(outcome["repeated_reads"] for outcome in outcomes),
        "repeated_embeddings": sum(outcome["repeated_embeddings"] for outcome in outcomes),
        "most_under_way": max((outcome["under_way"] for outcome in outcomes), default=0),
        "examples": [lines[0] for lines in (*unequal, *torn)][:3],
    }


def _warm_parts(settings: Settings, folder: Path) -> Parts:
    """Parts that have read and embedded before, so that a fork of this process loads nothing any more."""
    from hippograph import Hippograph
    from hippograph.wiring import build_parts

    parts = build_parts(settings)
    with Hippograph.build(base_documents(), folder, settings=settings, parts=parts) as memory:
        memory.search("What is warm?")
    return parts


def _was_killed(child: int) -> bool:
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)
