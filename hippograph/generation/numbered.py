"""The evidence as a model sees it: numbered sentences under their titles, as data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hippograph.generation.citations import cite
from hippograph.prompts.fencing import as_data
from hippograph.types import Citation, Evidence


@dataclass(frozen=True, slots=True)
class NumberedEvidence:
    """Lines to show, and which sentence each number stands for: number n is `places[n - 1]`."""

    lines: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    """Place of the passage in the evidence, and of the sentence in the passage."""
    evidence: tuple[Evidence, ...]
    left_out: int
    """How many passages did not fit."""

    def citation(self, number: int) -> Citation | None:
        """The sentence with that number; None for a number that was never shown."""
        if not 1 <= number <= len(self.places):
            return None
        passage, sentence = self.places[number - 1]
        return cite(self.evidence[passage], sentence)

    def passage_of(self, number: int) -> Evidence:
        """The passage in which the sentence with that number stands."""
        return self.evidence[self.places[number - 1][0]]


def number_sentences(
    evidence: Sequence[Evidence], token_count: Callable[[str], int], max_tokens: int
) -> NumberedEvidence:
    """Whole passages in the order given, as many as fit into `max_tokens`; a sentence that two share comes once.

    A passage that does not fit is left out, and those after it are still tried: it may be the one long table.
    """
    lines: list[str] = []
    places: list[tuple[int, int]] = []
    seen: set[tuple[str, int, int]] = set()
    left_out = 0
    for rank, item in enumerate(evidence):
        shown = _sentences_of(item, seen)
        block = [_heading(item)]
        block += [f"[{len(places) + n}] {as_data(text)}" for n, (_, text) in enumerate(shown, start=1)]
        cost = token_count("\n".join(block))
        if cost > max_tokens:
            left_out += 1
            continue
        max_tokens -= cost
        if shown:
            lines += block
            places += [(rank, sentence) for sentence, _ in shown]
            document = item.found.passage.document
            spans = (item.found.passage.sentences[sentence] for sentence, _ in shown)
            seen.update((document, span.start, span.end) for span in spans)
    return NumberedEvidence(tuple(lines), tuple(places), tuple(evidence), left_out)


def _sentences_of(item: Evidence, seen: set[tuple[str, int, int]]) -> list[tuple[int, str]]:
    passage = item.found.passage
    return [
        (number, sentence.text)
        for number, sentence in enumerate(passage.sentences)
        if (passage.document, sentence.start, sentence.end) not in seen and as_data(sentence.text)
    ]


def _heading(item: Evidence) -> str:
    """Title, headings and date of a passage: what its sentences are about. No sentence's line begins like it."""
    moment = item.found.timestamp
    dated = f" ({moment.date().isoformat()})" if moment else ""
    return f"# {as_data(item.found.passage.context()) or 'untitled'}{dated}"
