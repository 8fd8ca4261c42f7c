"""IRCoT: a sentence of reasoning, a search for it, the next sentence (Trivedi et al. 2023, section 3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hippograph.errors import BudgetSpent, GenerationError
from hippograph.generation.pool import LONGEST_QUERY, Merge, Pooled, Round, Search, Stop, paragraphs, pooled
from hippograph.generation.pool import same_words as _same
from hippograph.ports import Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import as_data, fence, one_line
from hippograph.text.sentences import split_sentences
from hippograph.types import ModelRequest

MOST_THOUGHTS = 10
"""Sentences of reasoning, as in the paper's code."""
MOST_PARAGRAPHS = 15
"""How many passages the model is shown, as in the paper's code."""

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"thought": {"type": "string"}, "has_answer": {"type": "boolean"}},
    "required": ["thought", "has_answer"],
    "additionalProperties": False,
}
_CONCLUDES = re.compile(r"\s*(?:thus|so|therefore|hence|consequently)\b", re.IGNORECASE)
_ARITHMETIC = re.compile(r"\d\s+[-+*/×÷−]\s+\d|\d\s*[=<>]|=\s*\d")


def ircot(
    question: str,
    search: Search,
    generator: Generator,
    max_hops: int = 4,
    merge: Merge = Merge.BEST,
    most_paragraphs: int = MOST_PARAGRAPHS,
) -> Pooled:
    """Search for the question, then for each new sentence of reasoning, until the model has the answer.

    `max_hops` counts searches: 1 asks no model; HippoRAG uses 2 for HotpotQA and 4 for MuSiQue. A sentence that only
    concludes or calculates is kept and not searched for. The passages of all rounds come back in one order.
    """
    rounds = [Round(question, tuple(search(question)))]
    thoughts: list[str] = []
    while len(rounds) < max_hops:
        try:
            thought, has_answer = _next_thought(question, rounds, thoughts, generator, merge, most_paragraphs)
        except BudgetSpent as error:
            return pooled(rounds, Stop.BUDGET, merge, [f"Reasoning stopped early: {error}"])
        except GenerationError as error:
            return pooled(rounds, Stop.FAILED, merge, [f"Reasoning stopped, as a call failed: {error}"])
        if has_answer or not thought:
            return pooled(rounds, Stop.ANSWERED if has_answer else Stop.NOTHING_SAID, merge)
        if _same(thought) in map(_same, thoughts):
            return pooled(rounds, Stop.NOTHING_NEW, merge)
        thoughts.append(thought)
        if len(thoughts) >= MOST_THOUGHTS:
            return pooled(rounds, Stop.THOUGHTS, merge)
        if not is_pure_reasoning(thought):
            rounds.append(Round(thought, tuple(search(thought)), thought))
    return pooled(rounds, Stop.HOPS, merge)


def is_pure_reasoning(thought: str) -> bool:
    """Whether a sentence only concludes or calculates, so that no document would say it.

    >>> is_pure_reasoning("Therefore she is Danish."), is_pure_reasoning("Ada Quist was born in Ribe.")
    (True, False)
    """
    return bool(_CONCLUDES.match(thought) or _ARITHMETIC.search(thought))


def _next_thought(
    question: str,
    rounds: Sequence[Round],
    thoughts: Sequence[str],
    generator: Generator,
    merge: Merge,
    most_paragraphs: int,
) -> tuple[str, bool]:
    """The next sentence of the reasoning, the first where the model wrote several, and whether it has the answer.

    What the model wrote before is data too: it may repeat what a document told it.
    """
    found = pooled(rounds, Stop.HOPS, merge).passages
    asked = one_line(question)
    lines = [*paragraphs(found, most_paragraphs), *(f"reasoning: {as_data(thought)}" for thought in thoughts)]
    fenced = fence(lines, asked)
    messages = render("ircot", question=asked, mark=fenced.mark, data=fenced.text)
    data = generator.generate(ModelRequest(messages, "ircot", SCHEMA)).data
    record = data if isinstance(data, dict) else {}
    text = one_line(record["thought"]) if isinstance(record.get("thought"), str) else ""
    sentences = split_sentences(text)
    first = text[slice(*sentences[0])] if sentences else ""
    return first[:LONGEST_QUERY], record.get("has_answer") is True
