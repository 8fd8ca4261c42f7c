"""The heuristic critic: from an answer and its evidence, whether to stop, to search on and for what, or to abstain.

SIM-RAG (2025, section 3) trains a small model for this; here it is read off what the evidence lacks: names of the
question that no passage holds, and that there is no answer. A query for the next turn is made of what is missing and of
what the nearest sentences newly name, since the next fact is about these. That an answer is not likely is no reason to
search on: on three sets of questions that made as many answers worse as better.
"""

from __future__ import annotations

from collections.abc import Sequence

from hippograph.generation.names import names_in
from hippograph.generation.overlap import FUNCTION_WORDS, content_stems, stem
from hippograph.generation.pool import same_words
from hippograph.generation.question_types import read_question
from hippograph.generation.refusal import needed_stems
from hippograph.text.names import normal_name, words
from hippograph.types import Critique, CritiqueKind, Draft, Evidence

LOOKED_AT = 3
"""How many passages are looked at for a sentence that leads on."""
MOST_NAMES = 2
"""How many names a query holds."""


class HeuristicCritic:
    """Looks at names, words and refusals; asks no model."""

    name = "heuristic"

    def judge(
        self, question: str, draft: Draft, evidence: Sequence[Evidence], searched: Sequence[str]
    ) -> Critique:
        """Stop, search on with a query that was not searched for yet, or abstain."""
        absent = absent_names(question, evidence)
        if draft.refusal is None and not absent:
            return Critique(CritiqueKind.STOP, "There is an answer, and the evidence holds every name.")
        tried = {same_words(each) for each in searched}
        for query in _queries(question, draft, evidence, absent):
            if query and same_words(query) not in tried:
                lacking = f"no passage names {', '.join(absent)}" if absent else "there is no answer yet"
                return Critique(CritiqueKind.SEARCH, f"Search on, as {lacking}.", query)
        why = f"No passage that was found names {', '.join(absent)}." if absent else draft.refusal or ""
        return Critique(CritiqueKind.ABSTAIN, why)


def absent_names(question: str, evidence: Sequence[Evidence]) -> list[str]:
    """The names of a question of which some word stands in no passage and no title."""
    passages = [each.found.passage for each in evidence]
    held = {each for p in passages for each in content_stems(f"{p.context()} {p.text}")}
    return [name for name in read_question(question).names if set(content_stems(name)) - held]


def _queries(question: str, draft: Draft, evidence: Sequence[Evidence], absent: Sequence[str]) -> list[str]:
    """What might be searched for, the most telling first."""
    asked = read_question(question)
    known = {normal_name(name) for name in (*asked.names, *names_in(question))}
    sentences = [each.sentence for each in draft.citations] or _nearest(question, asked.names, evidence)
    named = [name for text in sentences for name in names_in(text) if content_stems(name)]
    found = [name for name in named if normal_name(name) not in known]
    said = {each for text in (*sentences, *asked.names) for each in content_stems(text)}
    needed = set(needed_stems(asked)) - said
    missing = " ".join(
        word for word in words(question) if word not in FUNCTION_WORDS and stem(word) in needed
    )
    bridges = list(dict.fromkeys(found))[:MOST_NAMES]
    return [" ".join(absent), *(f"{name} {missing}".strip() for name in bridges), missing]


def _nearest(question: str, names: Sequence[str], evidence: Sequence[Evidence]) -> list[str]:
    """Where none is cited: sentences about a name of the question, those that share most of its other words first."""
    wanted = [normal_name(name) for name in names]
    asked = set(content_stems(question)) - {each for name in names for each in content_stems(name)}
    about = [
        sentence.text
        for each in evidence[:LOOKED_AT]
        for sentence in each.found.passage.sentences
        if any(
            f" {name} " in f" {normal_name(f'{each.found.passage.title} {sentence.text}')} "
            for name in wanted
        )
    ]
    return sorted(about, key=lambda text: -len(asked & set(content_stems(text))))
