"""Timelines measured: evidence beside the plain search, order of events, abstention, and two sets of our own.

One holds questions that presuppose what is no longer so (TeaFarm), the other asks which of two sentences came first
(SORT).
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.answer_metrics import normal_answer
from eval.compare import paired_bootstrap
from eval.datasets import Dataset, DatasetError, Question
from eval.retrieval import Asked, embed_each, rank_documents
from eval.retrieval_metrics import recall_at_k
from hippograph.timelines.questions import read_timed
from hippograph.types import Answer, Document, DocumentId, Relation

if TYPE_CHECKING:
    from hippograph import Hippograph
    from hippograph.ports import Parts

PLAIN, IN_TIME = "hippograph", "timeline"
ABOUT_TIME, OTHER = "about order or time", "about neither"
TEAFARM = Path(__file__).with_name("teafarm.json")
SORT_WORDS = (6, 30)
"""How many words a sentence has that is asked about; shorter ones say nothing, longer ones are lists."""

Watch = Callable[[Sequence[Any], str], Iterable[Any]]


def watch_nothing(items: Sequence[Any], _: str) -> Iterable[Any]:
    """The items as they are."""
    return items


def measure_timeline(
    dataset: Dataset, memory: Hippograph, pairs: int, seed: int, watch: Watch = watch_nothing
) -> dict[str, Any]:
    """The whole report over one data set. Raises DatasetError where it has no question with gold."""
    asked = embed_each(dataset.with_gold(), memory.embedder)
    if not asked:
        raise DatasetError(f"The data set {dataset.name!r} has no question with gold to measure.")
    evidence = measure_evidence(asked, memory, watch)
    both = [*dataset.with_gold(), *dataset.without_answer()]
    answers = {each.id: memory.ask(each.text, timelines=True) for each in watch(both, "ask with timelines")}
    plain = {each.id: memory.ask(each.text, timelines=False) for each in watch(both, "ask")}
    return {
        "dataset": dataset.name,
        "questions": len(asked),
        "evidence": evidence,
        "order": measure_order(dataset.with_gold(), answers),
        "abstention": {
            IN_TIME: measure_abstention(dataset, answers),
            PLAIN: measure_abstention(dataset, plain),
        },
        "sort": measure_sort(dataset, memory, pairs, seed, watch),
    }


def measure_evidence(
    asked: Sequence[Asked], memory: Hippograph, watch: Watch = watch_nothing
) -> dict[str, Any]:
    """Recall@5 of the documents that hold the answers: both searches, by type of question and by what it asks.

    Each group has a paired bootstrap of the differences; the question's own words decide whether it is about time.
    """
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in watch(asked, "search in time"):
        pair = tuple(recall(memory, one, method) for method in (PLAIN, IN_TIME))
        is_about_time = read_timed(one.question.text).is_about_time()
        for group in ("all", one.question.type, ABOUT_TIME if is_about_time else OTHER):
            if group:
                groups[group].append((pair[0], pair[1]))
    return {name: compared(values) for name, values in groups.items()}


def recall(memory: Hippograph, asked: Asked, method: str) -> float:
    """Recall@5 of one question by one method."""
    ranking, _ = rank_documents(memory, asked, method)
    return recall_at_k(ranking, asked.question.gold, 5)


def compared(values: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Two values a question, side by side: means, the difference with its interval, wins and losses."""
    first, second = (np.array(column, dtype=np.float64) for column in zip(*values, strict=True))
    found = asdict(paired_bootstrap("recall@5", first, second))
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in found.items()}


def measure_order(questions: Sequence[Question], answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Of questions that compare two happenings and are answered by yes or no: how many are answered rightly."""
    judged = [
        (normal_answer(answers[each.id].span or ""), right)
        for each in questions
        if read_timed(each.text).events and (right := _yes_or_no(each)) is not None
    ]
    by_answer = {word: [given == right for given, right in judged if right == word] for word in ("yes", "no")}
    return {
        "questions": len(judged),
        "accuracy": _share([given == right for given, right in judged]),
        "answered": _share([given in ("yes", "no") for given, _ in judged]),
        "always_yes": _share([right == "yes" for _, right in judged]),
        **{f"accuracy_{word}": _share(each) for word, each in by_answer.items()},
    }


def measure_abstention(dataset: Dataset, answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Precision, recall and F1 of refusals: right where the data set says that there is no answer."""
    refused = {name for name, answer in answers.items() if answer.refusal is not None}
    wanted = {each.id for each in dataset.without_answer()}
    right = len(refused & wanted)
    return {
        "refused": len(refused),
        "unanswerable": len(wanted),
        "precision": round(right / len(refused), 4) if refused else None,
        "recall": round(right / len(wanted), 4) if wanted else None,
        "f1": round(2 * right / (len(refused) + len(wanted)), 4) if refused or wanted else None,
    }


# --------------------------------------------------------------------------- which came first


def measure_sort(
    dataset: Dataset, memory: Hippograph, pairs: int, seed: int, watch: Watch = watch_nothing
) -> dict[str, Any]:
    """Questions in the form of SORT: which of two sentences came first? Chance gives half (Pink et al. 2024).

    Both are drawn from dated documents; half of the pairs are of one document, where only the place decides.
    """
    drawn = sort_pairs(dataset.documents, pairs, seed)
    right: dict[str, list[bool]] = {"same document": [], "other document": []}
    for first, second, is_same, is_turned in watch(drawn, "which came first"):
        shown = (second, first) if is_turned else (first, second)
        answer = memory.ask(f"Which came first: “{shown[0]}” or “{shown[1]}”?", timelines=True)
        right["same document" if is_same else "other document"].append(
            normal_answer(answer.span or "") == normal_answer(first)
        )
    everything = [each for values in right.values() for each in values]
    return {
        "pairs": len(everything),
        "accuracy": _share(everything),
        **{f"accuracy, {name}": _share(values) for name, values in right.items()},
    }


def sort_pairs(documents: Sequence[Document], count: int, seed: int) -> list[tuple[str, str, bool, bool]]:
    """An earlier and a later sentence, whether they are of one document, and whether they are shown turned round."""
    chance = random.Random(seed)
    dated = sorted(
        (
            (each.timestamp, each.id, told)
            for each in documents
            if each.timestamp and (told := sort_sentences(each))
        ),
        key=lambda each: each[:2],
    )
    found = []
    for number in range(count):
        is_same, is_turned = number % 2 == 0, chance.random() < 0.5
        if is_same:
            lines = chance.choice(dated)[2]
            places = sorted(chance.sample(range(len(lines)), 2)) if len(lines) > 1 else []
            chosen = [lines[place] for place in places]
        else:
            (before, _, ones), (after, _, others) = sorted(chance.sample(dated, 2), key=lambda each: each[:2])
            chosen = [chance.choice(ones), chance.choice(others)] if before < after else []
        if chosen and chosen[0] != chosen[1]:
            found.append((chosen[0], chosen[1], is_same, is_turned))
    return found


def sort_sentences(document: Document) -> list[str]:
    """The sentences of a document that can be asked about: long enough to be known, once in it, without "or"."""
    lines = (re.sub(r"^[\w .'’-]{1,40}:\s+", "", line) for line in document.text.splitlines())
    told = [part.strip(' ?.!“”"') for line in lines for part in re.split(r"(?<=[.!?])\s+", line)]
    return [
        each
        for each in dict.fromkeys(told)
        if SORT_WORDS[0] <= len(each.split()) <= SORT_WORDS[1] and not re.search(r"\b[oO]r\b|[“”,:;]", each)
    ]


# --------------------------------------------------------------------------- what is no longer so


def teafarm_documents(file: Path = TEAFARM) -> list[Document]:
    """The sessions of the set that is shipped."""
    rows = json.loads(file.read_text(encoding="utf-8"))["sessions"]
    return [
        Document(
            DocumentId(row["id"]),
            row["time"][:10],
            "\n".join(row["turns"]),
            timestamp=datetime.fromisoformat(row["time"]),
        )
        for row in rows
    ]


def measure_teafarm(folder: Path, parts: Parts | None = None, file: Path = TEAFARM) -> dict[str, Any]:
    """Questions that presuppose an outdated state (Ong et al. 2025, section 5): is nobody misled?

    Not misled: a timeline of the answer leads from the outdated to the right state by the relation Changed, and the
    right state is its newer end. `evidence` says whether the session that tells the right state was found at all.
    """
    from hippograph import Hippograph

    questions = json.loads(file.read_text(encoding="utf-8"))["questions"]
    rows = []
    with Hippograph.build(teafarm_documents(file), folder, parts=parts) as memory:
        for row in questions:
            answer = memory.ask(row["question"], timelines=True)
            rows.append(
                {
                    "question": row["question"],
                    "not_misled": tells_change(answer, row["outdated"], row["session"]),
                    "evidence": row["session"] in {each.passage.document for each in answer.passages},
                }
            )
    return {
        "questions": len(rows),
        "not_misled": _share([row["not_misled"] for row in rows]),
        "evidence": _share([row["evidence"] for row in rows]),
        "per_question": rows,
    }


def measure_teafarm_aside(parts: Parts | None = None) -> dict[str, Any]:
    """The same over an index that is made for it and thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        return measure_teafarm(Path(folder) / "index", parts)


def rows_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report as lines for people: one a group of questions, one a measure."""
    rows: dict[str, Any] = {}
    for name, found in report["evidence"].items():
        rows[f"recall@5, {name} ({found['questions']})"] = (
            f"{found['first']:.3f} → {found['second']:.3f}  difference {found['difference']:+.3f} "
            f"[{found['low']:+.3f}, {found['high']:+.3f}] p {found['p']:.3f}"
        )
    for part in ("order", "sort", "teafarm"):
        values = report.get(part) or {}
        rows |= {f"{part}: {name}": value for name, value in values.items() if name != "per_question"}
    for method, values in report["abstention"].items():
        rows |= {f"abstention, {method}: {name}": value for name, value in values.items()}
    return rows


def tells_change(answer: Answer, outdated: str, session: str) -> bool:
    """Whether some timeline has the relation Changed into a session, from what is outdated."""
    return any(
        relation is Relation.CHANGED
        and told.entries[place + 1].citation.document == session
        and normal_answer(outdated) in normal_answer(told.why[place])
        for told in answer.timelines
        for place, relation in enumerate(told.relations)
    )


def _yes_or_no(question: Question) -> str | None:
    said = {re.sub(r"^answer ", "", normal_answer(each)) for each in question.answers}
    return next((word for word in ("yes", "no") if word in said), None)


def _share(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
