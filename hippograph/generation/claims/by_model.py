"""The verifier by a language model: numbered sentences as data, one claim, a verdict that names the sentence.

What the model says of its own sources is not believed: a verdict other than "not enough evidence" counts only with the
number of a sentence that was shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hippograph.errors import ContextTooLong, UnreadableOutput
from hippograph.generation.numbered import NumberedEvidence, number_sentences
from hippograph.ports import Generator
from hippograph.prompts import render
from hippograph.prompts.fencing import as_data, fence, one_line
from hippograph.types import Claim, Evidence, ModelRequest, Verdict, VerdictKind

REPLY_TOKENS = 256
"""What is kept free for the reply; of a small window, a quarter."""

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "why": {"type": "string"},
        "sentence": {"type": "integer"},
        "verdict": {"type": "string", "enum": [kind.value for kind in VerdictKind]},
        "certainty": {"type": "number"},
    },
    "required": ["why", "sentence", "verdict", "certainty"],
    "additionalProperties": False,
}


class LlmVerifier:
    """Asks a model once a claim; a verdict without a sentence that was shown is not enough evidence."""

    name = "llm"

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    def verify(self, claim: Claim, evidence: Sequence[Evidence]) -> Verdict:
        """The model's verdict. Raises a leaf of GenerationError: a failed call is never a verdict."""
        if not evidence:
            return _unsure("No passage was found for this claim.", 1.0)
        numbered = self._numbered(claim, evidence)
        if not numbered.places:
            raise ContextTooLong("None of the passages found fits into the model's window.")
        request = ModelRequest(_messages(claim, numbered.lines), "verify", SCHEMA)
        return _read(self._generator.generate(request).data, numbered)

    def _numbered(self, claim: Claim, evidence: Sequence[Evidence]) -> NumberedEvidence:
        window = self._generator.context_tokens
        frame = sum(self._generator.token_count(message.content) for message in _messages(claim, ()))
        room = window - frame - min(REPLY_TOKENS, window // 4)
        return number_sentences(evidence, self._generator.token_count, room)


def _messages(claim: Claim, lines: Sequence[str]) -> tuple[Any, ...]:
    fenced = fence([*lines, f"Claim: {as_data(one_line(claim.text))}"])
    return render("verify", material=fenced.text, mark=fenced.mark)


def _read(data: Any, numbered: NumberedEvidence) -> Verdict:
    """The verdict in a reply. Raises UnreadableOutput for one that holds none."""
    record = data if isinstance(data, dict) else {}
    try:
        kind = VerdictKind(record.get("verdict", ""))
    except ValueError:
        raise UnreadableOutput(
            f"The reply names no verdict but {record.get('verdict')!r}. Check the claim again, or with the rules."
        ) from None
    why = one_line(str(record.get("why", "")))
    certainty = _share(record.get("certainty"))
    if kind is VerdictKind.NOT_ENOUGH_EVIDENCE:
        return _unsure(why or "The model found nothing that decides.", certainty)
    number = record.get("sentence")
    citation = numbered.citation(number) if isinstance(number, int) else None
    if citation is None:
        return _unsure(f'The model said "{kind.value}" and named no sentence that it was shown.', 0.0)
    return Verdict(kind, citation, why or "The model gave no reason.", certainty)


def _unsure(why: str, certainty: float) -> Verdict:
    return Verdict(VerdictKind.NOT_ENOUGH_EVIDENCE, None, why, certainty)


def _share(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return min(1.0, max(0.0, float(value))) if is_number else 0.5  # type: ignore[arg-type]
