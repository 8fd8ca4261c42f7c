"""Extraction beside a language model's: how many of its entities and pairs are found, and how many ours.

The model's output is silver, not gold: the share of our pairs that it has too is a lower bound of their
precision.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hippograph.ports import Extractor
from hippograph.text.names import words
from hippograph.text.sentences import split_sentences
from hippograph.types import DocumentId, Extraction, Passage, PassageId, Sentence

EXTRACTIONS = "openie_gpt35.jsonl"

ENTITY_F1 = 0.66
"""Two names are the same entity when their tokens overlap this much."""
SUBJECT_F1, OBJECT_F1 = 0.6, 0.5
"""Two pairs are the same when both ends overlap this much."""

_ARTICLES = frozenset({"the", "a", "an"})

Tokens = Counter[str]
Pair = tuple[Tokens, Tokens]


def evaluate_extraction(dataset_folder: Path | str, extractor: Extractor) -> dict[str, Any]:
    """Compare an extractor with the triples a model gave for every passage of a corpus.

    Our names of a passage are the mentions and the ends of the triples. `entities_found` is the share of the
    model's entity list that one of them matches, `ends_found` the same for its list and the ends of its
    triples together, `pairs_found` the share of its (subject, object) pairs that one of ours matches,
    `pairs_matched` the share of our pairs that one of its matches. Shares are over all passages together
    (micro averages); names match by the F1 of their tokens without articles.
    """
    folder = Path(dataset_folder)
    passages = [_passage(row) for row in _rows(folder / "corpus.jsonl")]
    silver = {row["id"]: row for row in _rows(folder / EXTRACTIONS)}
    begin = time.perf_counter()
    results = list(extractor.extract(passages))
    seconds = time.perf_counter() - begin
    counts: Counter[str] = Counter()
    for passage, result in zip(passages, results, strict=True):
        counts["passages"] += 1
        if not isinstance(result, Extraction):
            counts["failures"] += 1
            result = Extraction(passage.id, (), ())
        if passage.document in silver:
            counts.update(_compared(result, silver[passage.document]))
    return {
        "dataset": folder.name,
        "extractor": extractor.fingerprint,
        "passages": counts["passages"],
        "failures": counts["failures"],
        "entities_found": _share(counts["listed_found"], counts["listed"]),
        "ends_found": _share(counts["ends_found"], counts["ends"]),
        "pairs_found": _share(counts["pairs_found"], counts["pairs"]),
        "pairs_matched": _share(counts["ours_matched"], counts["ours"]),
        "mentions_per_passage": _share(counts["mentions"], counts["passages"]),
        "triples_per_passage": _share(counts["triples"], counts["passages"]),
        "passages_per_second": round(counts["passages"] / max(seconds, 1e-9), 1),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]


def _passage(row: dict[str, Any]) -> Passage:
    """A row of a corpus as one passage, however long it is: the model read whole rows too."""
    text = row["text"]
    sentences = tuple(Sentence(text[start:end], start, end) for start, end in split_sentences(text))
    return Passage(
        id=PassageId(row["id"]),
        document=DocumentId(row["id"]),
        title=row["title"],
        heading="",
        text=text,
        start=0,
        end=len(text),
        position=0,
        sentences=sentences,
    )


def _compared(ours: Extraction, silver: dict[str, Any]) -> dict[str, int]:
    """The counts of one passage."""
    triples = [(str(t[0]), str(t[2])) for t in silver["triples"] if len(t) == 3]
    listed = _distinct(map(str, silver["entities"]))
    entities = _distinct([*map(str, silver["entities"]), *(end for pair in triples for end in pair)])
    names = _distinct(
        [mention.name for mention in ours.mentions]
        + [end for t in ours.triples for end in (t.subject, t.object)]
    )
    theirs = _distinct_pairs(triples)
    pairs = _distinct_pairs((t.subject, t.object) for t in ours.triples)
    return {
        "ends": len(entities),
        "ends_found": sum(_is_among(entity, names) for entity in entities),
        "listed": len(listed),
        "listed_found": sum(_is_among(entity, names) for entity in listed),
        "pairs": len(theirs),
        "pairs_found": sum(_has_pair(pair, pairs) for pair in theirs),
        "ours": len(pairs),
        "ours_matched": sum(_has_pair(pair, theirs) for pair in pairs),
        "mentions": len({mention.name for mention in ours.mentions}),
        "triples": len(ours.triples),
    }


def _tokens(name: str) -> Tokens:
    found = words(name)
    return Counter([word for word in found if word not in _ARTICLES] or found)


def _distinct(names: Iterable[str]) -> list[Tokens]:
    return [
        Counter(dict(key))
        for key in dict.fromkeys(tuple(sorted(_tokens(name).items())) for name in names)
        if key
    ]


def _distinct_pairs(pairs: Iterable[tuple[str, str]]) -> list[Pair]:
    keys = dict.fromkeys(
        (tuple(sorted(_tokens(left).items())), tuple(sorted(_tokens(right).items()))) for left, right in pairs
    )
    return [(Counter(dict(left)), Counter(dict(right))) for left, right in keys if left and right]


def token_f1(left: Tokens, right: Tokens) -> float:
    """The harmonic mean of precision and recall of shared tokens."""
    shared = sum((left & right).values())
    return 2 * shared / (left.total() + right.total()) if shared else 0.0


def _is_among(entity: Tokens, names: Sequence[Tokens]) -> bool:
    return any(token_f1(entity, name) >= ENTITY_F1 for name in names)


def _has_pair(pair: Pair, pairs: Sequence[Pair]) -> bool:
    return any(
        token_f1(pair[0], left) >= SUBJECT_F1 and token_f1(pair[1], right) >= OBJECT_F1
        for left, right in pairs
    )
