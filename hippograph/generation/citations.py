"""Citations: the sentences an answer rests on, with exact places in their documents."""

from __future__ import annotations

from collections.abc import Sequence

from hippograph.types import Citation, Evidence


def cite(evidence: Evidence, sentence: int) -> Citation:
    """The sentence as a citation: its text is the document's between `start` and `end`."""
    passage, place = evidence.found.passage, evidence.found.passage.sentences[sentence]
    return Citation(
        passage=passage.id,
        document=passage.document,
        title=passage.title,
        uri=evidence.found.uri,
        sentence=place.text,
        start=place.start,
        end=place.end,
    )


def numbered(citations: Sequence[Citation]) -> str:
    """The cited sentences, one a line, each with its number and its document's title."""
    return "\n".join(
        f"[{number}] {f'{citation.title}: ' if citation.title else ''}{' '.join(citation.sentence.split())}"
        for number, citation in enumerate(citations, start=1)
    )
