"""VeriScore's own claims with the search results they were judged by (Song et al. 2024), held against a verifier.

`data/demos/few_shot_examples.jsonl`: claims people labelled supported, contradicted or inconclusive.
`data/data_sample.jsonl`: the claims of one answer, judged supported or not by a model.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from eval.datasets import DatasetError
from hippograph.ports import Verifier
from hippograph.text.sentences import split_sentences
from hippograph.types import (
    Claim,
    DocumentId,
    Evidence,
    Passage,
    PassageId,
    RankedPassage,
    Row,
    Sentence,
    VerdictKind,
)

LABELLED = Path("data/demos/few_shot_examples.jsonl")
SAMPLE = Path("data/data_sample.jsonl")
_RESULT = re.compile(r"^Search result \d+\s*$", re.MULTILINE)
_FIELD = re.compile(r"^(Title|Content|Link):\s*(.*?)(?=^\w+:|\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class LabelledClaim:
    """A claim, what was found for it, and its label in lower case."""

    text: str
    results: str
    label: str


def is_veriscore(folder: Path) -> bool:
    """Whether a folder holds VeriScore's data."""
    return (folder / LABELLED).is_file() and (folder / SAMPLE).is_file()


def measure_veriscore(folder: Path, verifier: Verifier) -> dict[str, Any]:
    """Supported against not supported over both files, and the three verdicts beside the labels."""
    confusion: dict[str, Counter[str]] = {}
    for each in read_claims(folder):
        claim = Claim(each.text, each.text, 0, len(each.text))
        verdict = verifier.verify(claim, read_results(each.results))
        confusion.setdefault(each.label, Counter({kind.value: 0 for kind in VerdictKind}))[
            verdict.kind.value
        ] += 1
    supported = confusion.get("supported", Counter())
    others = sum((count for label, count in confusion.items() if label != "supported"), Counter[str]())
    held = supported[VerdictKind.SUPPORTED.value] / supported.total() if supported else 0.0
    let_go = 1 - others[VerdictKind.SUPPORTED.value] / others.total() if others else 0.0
    return {
        "dataset": folder.resolve().name,
        "verifier": verifier.name,
        "claims": sum(count.total() for count in confusion.values()),
        "balanced_accuracy_binary": round((held + let_go) / 2, 4),
        "supported_kept": round(held, 4),
        "others_not_supported": round(let_go, 4),
        "confusion": {label: dict(count) for label, count in sorted(confusion.items())},
    }


def read_claims(folder: Path) -> Iterator[LabelledClaim]:
    """The claims of both files. Raises DatasetError for a file that is not what it should be."""
    try:
        for row in _rows(folder / LABELLED):
            yield LabelledClaim(row["claim"], row["search_result"], row["human_label"].strip(" .").lower())
        for row in _rows(folder / SAMPLE):
            for judged in row["claim_verification_result"]:
                label = judged["verification_result"].strip(" .").lower()
                yield LabelledClaim(judged["claim"], judged["search_results"], label)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatasetError(f"{folder} does not hold VeriScore's data: {error}.") from error


def read_results(results: str) -> list[Evidence]:
    """Search results as evidence, in their order.

    >>> found = read_results("Search result 1\\nTitle: Ada\\nContent: Ada wrote.\\nLink: x")
    >>> [item.found.passage.title for item in found]
    ['Ada']
    """
    found = []
    for rank, block in enumerate(filter(str.strip, _RESULT.split(results)), start=1):
        fields = {name: " ".join(value.split()) for name, value in _FIELD.findall(block)}
        text = fields.get("Content", "")
        sentences = tuple(Sentence(text[start:end], start, end) for start, end in split_sentences(text))
        link = fields.get("Link", str(rank))
        passage = Passage(
            PassageId(link), DocumentId(link), fields.get("Title", ""), "", text, 0, len(text), 0, sentences
        )
        ranked = RankedPassage(rank, Row(rank), passage, 1 / rank, 1, link, None)
        found.append(Evidence(ranked, np.zeros((len(sentences), 1), dtype=np.float32), (), ()))
    return found


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)
