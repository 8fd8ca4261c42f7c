"""LoCoMo (Maharana et al. 2024): long conversations in dated sessions, and questions with the turns that answer them.

    [{sample_id, conversation: {speaker_a, speaker_b, session_1: [{speaker, dia_id, text, blip_caption?}...],
      session_1_date_time: "1:56 pm on 8 May, 2023", ...}, qa: [{question, answer, evidence: ["D1:3"], category}...]}]

A document is a session; gold are the sessions of the evidence. All conversations make one corpus, which is harder than
each alone. Questions of the fifth category have no answer in their conversation and ought to be refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eval.datasets import Dataset, DatasetError, Question
from eval.formats.reading import field, list_of, rows_of, text_of, texts_of
from hippograph.types import Document, DocumentId

NAME = "LoCoMo"
SESSION = re.compile(r"session_(\d+)")
EVIDENCE = re.compile(r"D:?(\d+):\d+")
"""Some rows write several in one text, or a colon too many."""
WRITTEN = "%I:%M %p on %d %B, %Y"
CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial"}
ADVERSARIAL = 5


def is_locomo(row: Mapping[str, Any]) -> bool:
    """Whether a row is one of LoCoMo's conversations."""
    return {"conversation", "qa"} <= row.keys()


def load(path: Path) -> Dataset:
    """The data set of one file. Raises DatasetError."""
    documents: list[Document] = []
    questions: list[Question] = []
    for number, (row, where) in enumerate(rows_of(path), start=1):
        name = str(row.get("sample_id") or f"conversation-{number}")
        conversation = field(row, "conversation", where)
        if not isinstance(conversation, dict):
            raise DatasetError(f"{where} has no sessions in 'conversation'.")
        sessions = [_session(name, number, conversation, where) for number in _numbers(conversation)]
        known = {document.id for document in sessions}
        documents += sessions
        asked = list_of(row, "qa", where)
        questions += [_question(name, place, each, known, where) for place, each in enumerate(asked, start=1)]
    return Dataset(path.stem, tuple(documents), tuple(questions))


def _numbers(conversation: Mapping[str, Any]) -> Iterator[int]:
    """The numbers of the sessions that hold turns."""
    named = [int(m[1]) for key, turns in conversation.items() if (m := SESSION.fullmatch(key)) and turns]
    yield from sorted(named)


def _session(name: str, number: int, conversation: Mapping[str, Any], where: str) -> Document:
    where = f"Session {number} of {where}"
    turns = list_of(conversation, f"session_{number}", where)
    moment = str(conversation.get(f"session_{number}_date_time") or "")
    speakers = " and ".join(
        str(conversation[key]) for key in ("speaker_a", "speaker_b") if key in conversation
    )
    lines = [f"Time: {moment}"] if moment else []
    lines += [_line(turn, where) for turn in turns]
    return Document(
        _session_id(name, number),
        ", ".join(part for part in (speakers, moment) if part),
        "\n".join(lines),
        timestamp=_moment(moment),
    )


def _line(turn: Any, where: str) -> str:
    if not isinstance(turn, dict):
        raise DatasetError(f"{where} has a turn that is no object.")
    picture = f" [shares a picture: {turn['blip_caption']}]" if turn.get("blip_caption") else ""
    return f"{text_of(turn, 'speaker', where)}: {turn.get('text') or ''}{picture}"


def _question(name: str, place: int, row: Any, known: set[DocumentId], where: str) -> Question:
    where = f"Question {place} of {where}"
    if not isinstance(row, dict):
        raise DatasetError(f"{where} is no object.")
    category = row.get("category")
    refused = category == ADVERSARIAL
    evidence = " ".join(texts_of(row.get("evidence") or []))
    gold = dict.fromkeys(_session_id(name, int(number)) for number in EVIDENCE.findall(evidence))
    return Question(
        id=f"{name}-q{place}",
        text=text_of(row, "question", where),
        answers=() if refused else texts_of(row.get("answer")),
        gold=() if refused else tuple(id_ for id_ in gold if id_ in known),
        type=CATEGORIES.get(category, "") if isinstance(category, int) else "",
    )


def _session_id(name: str, number: int) -> DocumentId:
    return DocumentId(f"{name}/session_{number}")


def _moment(written: str) -> datetime | None:
    try:
        return datetime.strptime(written.replace("am", "AM").replace("pm", "PM"), WRITTEN).replace(tzinfo=UTC)
    except ValueError:
        return None
