"""A five-document world with answers worked out by hand: for tests, doctests and first steps.

    Ada Lovelace ── translated ── an article by Luigi Menabrea ── born in ── Chambéry ── elephants' fountain
         └── notes on ── the Analytical Engine ── designed by ── Charles Babbage

It is small enough to follow every edge on paper, and true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from hippograph.types import Document, DocumentId

TEXTS: dict[str, tuple[str, str]] = {
    "ada": (
        "Ada Lovelace",
        "Ada Lovelace was an English mathematician. In 1843 she translated an article by Luigi Menabrea about the "
        "Analytical Engine. Her notes are three times as long as the article. Note G describes how the engine "
        "would compute Bernoulli numbers.",
    ),
    "babbage": (
        "Charles Babbage",
        "Charles Babbage was born in London in 1791. He designed the Analytical Engine. From 1828 to 1839 he was "
        "Lucasian Professor of Mathematics at Cambridge.",
    ),
    "engine": (
        "Analytical Engine",
        "The Analytical Engine was a design for a mechanical computer. It was to be programmed with punched cards, "
        "as the loom of Joseph Marie Jacquard was. It was never finished.",
    ),
    "menabrea": (
        "Luigi Menabrea",
        "Luigi Menabrea was born in Chambéry in 1809. In 1842 he published an article about the Analytical Engine "
        "in French. From 1867 to 1869 he was prime minister of Italy.",
    ),
    "chambery": (
        "Chambéry",
        "Chambéry is a town in Savoy. Its best known monument is the Fontaine des Éléphants, a fountain with four "
        "elephants. It was built in 1838.",
    ),
}
"""Title and text of each document, by its id."""

WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ToyQuestion:
    """A question, its answer (empty where no document has it), and the documents that are needed."""

    question: str
    answer: str
    gold: tuple[str, ...]


QUESTIONS = (
    ToyQuestion("Who designed the Analytical Engine?", "Charles Babbage", ("babbage",)),
    ToyQuestion(
        "In which town was the author of the article that Ada Lovelace translated born?",
        "Chambéry",
        ("ada", "menabrea"),
    ),
    ToyQuestion(
        "Which fountain stands in the town where Luigi Menabrea was born?",
        "Fontaine des Éléphants",
        ("menabrea", "chambery"),
    ),
    ToyQuestion("What did Charles Babbage pay for his piano?", "", ()),
)


def documents() -> list[Document]:
    """The five documents, in the order of their ids.

    >>> [document.id for document in documents()]
    ['ada', 'babbage', 'chambery', 'engine', 'menabrea']
    """
    return [document(name) for name in sorted(TEXTS)]


def document(name: str) -> Document:
    """One of the five, by its id.

    >>> document("chambery").title
    'Chambéry'
    """
    title, text = TEXTS[name]
    return Document(DocumentId(name), title, text, uri=f"toy:{name}", timestamp=WRITTEN)
