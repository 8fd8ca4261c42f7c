"""The method `timeline`: each happening by itself, named days first, and everything else as ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hippograph.engine import Hippograph
from hippograph.timelines.search import take_turns
from hippograph.types import Document, DocumentId, ReasonKind

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOPICS = ("harbour crane", "village choir", "salt market", "old mill", "ferry line", "stone bridge")


@pytest.fixture
def diary(tmp_path: Any, settings: Any, parts: Any) -> Any:
    """Sixty days, ten of each topic, a day apart."""
    documents = [
        Document(
            DocumentId(f"day{n:02}"),
            f"entry {n}",
            f"Ana: The {TOPICS[n % 6]} was talked of again by Bo and Cy.",
            timestamp=START + timedelta(days=n),
        )
        for n in range(60)
    ]
    with Hippograph.build(documents, tmp_path / "diary", settings=settings, parts=parts) as memory:
        yield memory


def found(memory: Hippograph, question: str, k: int = 5) -> list[str]:
    return [each.passage.document for each in memory.search(question, k, method="timeline")]


def test_a_question_without_time_is_searched_as_ever(diary: Hippograph) -> None:
    """The same passages in the same order with the same scores."""
    asked = "Who talked of the village choir?"

    plain, in_time = diary.search(asked, 8, method="hippograph"), diary.search(asked, 8, method="timeline")

    assert [(each.passage.id, each.score) for each in plain] == [(e.passage.id, e.score) for e in in_time]


def test_what_was_said_on_a_named_day_comes_first(diary: Hippograph) -> None:
    """Though nine others speak of the choir in the same words, and however far down its own entry stands."""
    assert found(diary, "What was said of the choir on 2026-03-20?")[0] == "day19"
    assert found(diary, "What was said on 20260401?")[0] == "day31"


def test_a_named_month_goes_before_other_months(diary: Hippograph) -> None:
    """All that is first is of April, in the order it had."""
    assert all(31 <= int(each[3:]) <= 59 for each in found(diary, "What was said of the mill in April?"))


def test_a_day_on_which_nothing_was_said_changes_nothing(diary: Hippograph) -> None:
    """Nothing is of that day: the order is that of the plain search."""
    asked = "What was said of the choir on 2019-01-01?"

    plain = [each.passage.document for each in diary.search(asked, 5, method="hippograph")]
    assert found(diary, asked) == plain


def test_two_happenings_take_turns(diary: Hippograph) -> None:
    """Of crane and market each stands among the first two, and each result says which it was found for."""
    asked = "Did Bo talk of the harbour crane before Cy talked of the salt market?"

    result = diary.explain(asked, 4, method="timeline")

    texts = [each.passage.text for each in result.passages]
    assert ["crane" in text for text in texts[:2]] == [True, False]
    assert "market" in texts[1]
    assert result.trace.queries == ("Bo talk of the harbour crane", "Cy talked of the salt market")
    assert all(each.reasons[0].kind is ReasonKind.TIME for each in result.passages)
    scores = [each.score for each in result.passages]
    assert scores == sorted(scores, reverse=True)


def test_turns_are_taken_and_nothing_comes_twice(diary: Hippograph) -> None:
    """a b c and b d: a b, then d before c; what one has and the other lacks follows."""
    a, b, c, d = diary.search("choir", 4)

    assert take_turns([[a, b, c], [b, d]]) == [a, b, d, c]
