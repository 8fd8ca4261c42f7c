"""Grown equals built: a recorded history replayed into one index, compared with fresh builds on the way."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import typer

from eval.histories import Delta, History, final_documents, states
from eval.tables import show_reports
from hippograph.settings import Settings
from hippograph.storage.manifest import read_manifest
from hippograph.types import Document, PassageId, content_id

if TYPE_CHECKING:
    from hippograph import Hippograph
    from hippograph.ports import Parts

Progress = Callable[[str, int, int], None]

QUESTION_COUNT = 50
QUESTION_CHARACTERS = 200
METHODS = ("hippograph", "dense", "bm25")
DEPTH = 20
"""How many passages of each ranking are compared."""
SHOWN = 3
"""How many examples a difference names."""
DIGITS = 6
"""Scores are compared after rounding to so many digits."""

COLUMNS = {
    "date": "until",
    "deltas": "deltas",
    "put": "put",
    "removed": "removed",
    "document_count": "documents",
    "passage_count": "passages",
    "fact_count": "facts",
    "edge_count": "edges",
    "grown_seconds": "growing s",
    "built_seconds": "building s",
    "equal": "equal",
}
"""What the table shows of each point, and under which heading."""


def compare_indexes(a: Hippograph, b: Hippograph, questions: Sequence[str]) -> list[str]:
    """Everything in which two open indexes differ, a line each; empty when they are equal.

    Compared are passages, facts, edges with their weights, the counts in the version, and for each question the
    ids and the scores of the best passages by every method. Nothing depends on how an index numbers its rows.
    """
    passages_a, passages_b = ({p.id: p for p in memory.index.passages()} for memory in (a, b))
    return [
        *_differing_entries("passages", passages_a, passages_b),
        *_differing_members("facts", a.index.facts(), b.index.facts()),
        *_differing_entries("edges", a.index.named_edges(), b.index.named_edges()),
        *_differing_entries("counts", _counts(a), _counts(b)),
        *_differing_entries("rankings", rankings(a, questions), rankings(b, questions)),
    ]


def rankings(memory: Hippograph, questions: Sequence[str]) -> dict[str, tuple[tuple[PassageId, float], ...]]:
    """Passage ids and rounded scores of the best passages, by method and question."""
    found = {}
    for question in questions:
        vector = memory.embedder.embed_query(question)
        for method in METHODS:
            result = memory.search_vector(question, vector, DEPTH, method)
            found[f"{method}: {question}"] = tuple(
                (ranked.passage.id, round(ranked.score, DIGITS)) for ranked in result.passages
            )
    return found


def compare_folders(a: Path, b: Path) -> list[str]:
    """The files in which the visible versions of two index folders differ, byte for byte, and their ids."""
    return _differing_entries("files", _digests(a), _digests(b))


def make_questions(documents: Iterable[Document], count: int = QUESTION_COUNT) -> list[str]:
    """Fixed questions about some documents: by turns a title and a first sentence, of an arbitrary but fixed choice.

    >>> make_questions([Document("a", "Ada", "Ada wrote notes. They are long.")])
    ['What is Ada?']
    """
    asked: list[str] = []
    for document in sorted(documents, key=lambda document: content_id(document.id)):
        sentence = " ".join(document.text.split()).partition(". ")[0][:QUESTION_CHARACTERS]
        question = f"What is {document.title}?" if len(asked) % 2 == 0 else sentence
        if question.strip() and question not in asked:
            asked.append(question)
        if len(asked) == count:
            break
    return asked


@dataclass(frozen=True, slots=True)
class Growing:
    """Where one index grows, and with which settings and parts."""

    folder: Path
    settings: Settings
    parts: Parts

    def apply(self, delta: Delta) -> None:
        """Add what is new or changed and remove what is gone: a version each."""
        from hippograph.engine import add_documents, remove_documents

        if delta.removed:
            remove_documents(delta.removed, self.folder, settings=self.settings, parts=self.parts)
        if delta.put:
            add_documents(delta.put, self.folder, settings=self.settings, parts=self.parts)

    def open(self) -> Hippograph:
        """The newest version."""
        from hippograph import Hippograph

        return Hippograph.open(self.folder, settings=self.settings, parts=self.parts)

    def built(self, documents: Iterable[Document], folder: Path) -> Hippograph:
        """An index of its own, made at once."""
        from hippograph import Hippograph

        return Hippograph.build(documents, folder, settings=self.settings, parts=self.parts)


def measure_growth(
    history: History, settings: Settings, parts: Parts, points: int, progress: Progress
) -> dict[str, Any]:
    """Replay a history into one index; at some points, the last among them, compare it with a fresh build.

    At the end both are compacted, and compared file by file as well.
    """
    deltas = len(history.deltas)
    stops = {round(deltas * (point + 1) / points) for point in range(points)} - {0}
    questions = make_questions(final_documents(history))
    rows: list[dict[str, Any]] = []
    with TemporaryDirectory(prefix="hippograph-growth-") as folder:
        growing = Growing(Path(folder) / "grown", settings, parts)
        done, seconds = Counter[str](), 0.0
        for number, (delta, held) in enumerate(states(history), start=1):
            start = time.perf_counter()
            growing.apply(delta)
            seconds += time.perf_counter() - start
            done += _tally(delta)
            progress("replaying", number, deltas)
            if number in stops:
                built = Path(folder) / f"built-{number}"
                row = _point(growing, held.values(), built, questions, number == deltas)
                rows.append(
                    {"date": delta.date, **_since_last(done), "grown_seconds": round(seconds, 2), **row}
                )
                done, seconds = Counter[str](), 0.0
    return {
        "history": history.name,
        "embedder": parts.embedder.fingerprint,
        "deltas": deltas,
        "questions": len(questions),
        "methods": list(METHODS),
        "points": rows,
        "difference_count": sum(len(row["differences"]) for row in rows),
    }


def show_growth(report: Mapping[str, Any]) -> None:
    """The points as a table, and every difference below it."""
    rows = [{**row, "equal": "no" if row["differences"] else "yes"} for row in report["points"]]
    named = [{short: row[name] for name, short in COLUMNS.items()} for row in rows]
    title = f"{report['history']}: {report['deltas']} deltas, {report['embedder']}"
    show_reports(title, named, list(COLUMNS.values()))
    for row in rows:
        for difference in row["differences"]:
            typer.echo(f"{row['date']}  {difference}")


def _point(
    growing: Growing, documents: Iterable[Document], folder: Path, questions: Sequence[str], is_last: bool
) -> dict[str, Any]:
    """What the grown index holds, and in what it differs from one built from the documents that are there."""
    start = time.perf_counter()
    built = growing.built(documents, folder)
    seconds = time.perf_counter() - start
    with built, growing.open() as grown:
        differences = [*compare_indexes(grown, built, questions), *grown.verify()]
        counts = _counts(grown)
    if is_last:
        differences += _differing_after_compaction(growing, folder)
    return {**counts, "built_seconds": round(seconds, 2), "differences": differences}


def _differing_after_compaction(growing: Growing, built: Path) -> list[str]:
    from hippograph.engine import compact_index

    for folder in (growing.folder, built):
        compact_index(folder, settings=growing.settings, parts=growing.parts)
    return compare_folders(growing.folder, built)


def _tally(delta: Delta) -> Counter[str]:
    return Counter(put=len(delta.put), removed=len(delta.removed), deltas=1)


def _since_last(done: Mapping[str, int]) -> dict[str, int]:
    return {name: done.get(name, 0) for name in ("deltas", "put", "removed")}


def _counts(memory: Hippograph) -> dict[str, Any]:
    """How much a version holds, by what is counted."""
    version = asdict(memory.index.version)
    return {name: value for name, value in version.items() if name.endswith("_count")}


def _digests(folder: Path) -> dict[str, str]:
    manifest = read_manifest(folder)
    files = {
        name: (folder / manifest.tables / name).read_bytes()[:length]
        for name, length in manifest.lengths.items()
    }
    return {"version": manifest.version.id} | {
        name: hashlib.sha256(content).hexdigest() for name, content in files.items()
    }


def _differing_members(what: str, a: set[Any], b: set[Any]) -> list[str]:
    return _differing_entries(what, dict.fromkeys(a, 1), dict.fromkeys(b, 1))


def _differing_entries(what: str, a: Mapping[Any, Hashable], b: Mapping[Any, Hashable]) -> list[str]:
    """Keys that only one has, and keys whose values differ, with a few examples each."""
    only_a = [str(key) for key in a if key not in b]
    only_b = [str(key) for key in b if key not in a]
    others = [f"{key} ({a[key]} and {b[key]})" for key in a if key in b and a[key] != b[key]]
    found = ((only_a, "only in the first"), (only_b, "only in the second"), (others, "not the same"))
    return [
        f"{what}: {len(keys)} {where}: {'; '.join(sorted(keys)[:SHOWN])}" for keys, where in found if keys
    ]
