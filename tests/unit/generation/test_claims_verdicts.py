"""The rule verifier: what supports a claim, what refutes it, and what leaves it open."""

import numpy as np
import pytest

from hippograph.errors import EmbeddingError
from hippograph.generation.claims import RuleVerifier
from hippograph.types import Claim, VerdictKind

BRIDGE = "The Iron Bridge is a stone arch over the river Tamm. It was designed by Ada Quist in 1871."
QUIST = "Ada Quist (3 May 1840 – 9 June 1912) was a Danish engineer. She was born in Ribe."


def claim(text):
    return Claim(text, text, 0, len(text))


@pytest.fixture
def judged(passage):
    """The verdict over one document or several, each a title and a text."""

    def verdict(text, *documents, verifier=None):
        evidence = [passage(title, told, rank) for rank, (title, told) in enumerate(documents, start=1)]
        return (verifier or RuleVerifier()).verify(claim(text), evidence)

    return verdict


@pytest.mark.parametrize(
    ("text", "title", "told"),
    [
        ("The Iron Bridge was designed by Ada Quist in 1871.", "The Iron Bridge", BRIDGE),
        ("Ada Quist designed the Iron Bridge.", "The Iron Bridge", BRIDGE),
        ("In 1871 Quist designed the bridge.", "The Iron Bridge", BRIDGE),
        ("Ada Quist was born in Ribe.", "Ada Quist", QUIST),
        ("Ada Quist died in 1912.", "Ada Quist", QUIST),
        ("Ada Quist was born on 3 May 1840.", "Ada Quist", QUIST),
        ("Ada Quist is Danish.", "Ada Quist", QUIST),
        ("Ribe is located in Jutland.", "Ribe", "Ribe is a town in western Jutland, Denmark."),
        ("The Grey Tower is about 40 metres high.", "The Grey Tower", "The Grey Tower is 41 metres high."),
        ("The engine was never finished.", "The engine", "It was never finished."),
        ("北京大学在1898年成立。", "北京大学", "北京大学在1898年成立。"),
    ],
)
def test_a_claim_is_supported_by_a_sentence_that_holds_all_of_it(judged, text, title, told):
    """In other words' order, with the title for a pronoun, with a day for a year, with a rounded number."""
    verdict = judged(text, (title, told))

    assert verdict.kind is VerdictKind.SUPPORTED
    assert verdict.citation is not None
    assert verdict.citation.sentence in told


@pytest.mark.parametrize(
    ("text", "title", "told", "why"),
    [
        ("Ada Quist was born in Hull.", "Ada Quist", QUIST, '"Ribe", not "Hull"'),
        ("Ada Quist died on 3 May 1840.", "Ada Quist", QUIST, '"9 June 1912", not "3 May 1840"'),
        ("The Iron Bridge was designed by Noor Vane in 1871.", "The Iron Bridge", BRIDGE, '"Ada Quist", not'),
        ("Ada Quist was a Swedish engineer.", "Ada Quist", QUIST, '"Danish", not "Swedish"'),
        ("The tower is 45 metres high.", "The tower", "The tower is 41 metres high.", '"41", not "45"'),
        (
            "The river flows through northern Italy.",
            "",
            "The river flows through southern Italy.",
            '"southern"',
        ),
        ("The Iron Bridge did not open in 1871.", "", "The Iron Bridge opened in 1871.", "denies"),
        ("The engine was finished in 1850.", "The engine", "It was never finished.", "denies"),
        ("北京大学在1899年成立。", "北京大学", "北京大学在1898年成立。", '"1898", not "1899"'),
    ],
)
def test_a_claim_is_refuted_by_another_value_in_the_same_place(judged, text, title, told, why):
    """Another name, date, number or opposite, or a denial; the reason names both sides."""
    verdict = judged(text, (title, told))

    assert verdict.kind is VerdictKind.REFUTED
    assert why in verdict.why
    assert verdict.citation is not None


@pytest.mark.parametrize(
    ("text", "title", "told"),
    [
        ("Ada Quist died on 9 June 1912.", "Ada Quist", "Ada Quist died in 1912."),
        ("Noor Vane was a Danish engineer.", "Ada Quist", QUIST),
        ("Ada Quist starred in The White Tower.", "Ada Quist", "Ada Quist starred in The Grey Tower."),
        ("Ada Quist lived in Ribe.", "Ada Quist", QUIST),
        ("Ada Quist taught Noor Vane.", "", "Noor Vane taught Ada Quist."),
        ("The tower has 41 rooms.", "The tower", "The tower is 41 metres high and has seven rooms."),
        ("Anna of Ribe was a nun.", "", "Countess Anna of Ribe and Hull was a painter."),
        ("Ada Quist lives in Jutland.", "Ada Quist", "Ada Quist studied in Jutland."),
        ("南京大学在1898年成立。", "北京大学", "北京大学在1898年成立。"),
        ("Nothing here says so of Lund.", "Ada Quist", QUIST),
    ],
)
def test_what_is_said_of_others_or_otherwise_leaves_a_claim_open(judged, text, title, told):
    """A vaguer date, another subject, another film, other words, other roles, another unit: neither for nor against."""
    assert judged(text, (title, told)).kind is not VerdictKind.SUPPORTED


@pytest.mark.parametrize(
    ("text", "title", "told"),
    [
        ("Ada Quist died on 9 June 1912.", "Ada Quist", "Ada Quist died in 1912."),
        ("Noor Vane was a Danish engineer.", "Ada Quist", QUIST),
        ("Ada Quist starred in The White Tower.", "Ada Quist", "Ada Quist starred in The Grey Tower."),
        ("Ada Quist was born in Jutland.", "Ada Quist", "Ada Quist was born in Ribe, Jutland."),
    ],
)
def test_what_may_be_true_beside_it_refutes_nothing(judged, text, title, told):
    """Two people may be engineers, one may star in two films, and a town lies in its region."""
    assert judged(text, (title, told)).kind is not VerdictKind.REFUTED


def test_sources_that_contradict_each_other_are_both_told(judged):
    """The very words of the claim decide; the other document is named, and the verdict is less sure."""
    lone = judged("Ada Quist was born in Ribe.", ("Ada Quist", "Ada Quist was born in Ribe."))

    disputed = judged(
        "Ada Quist was born in Ribe.",
        ("A lexicon", "Ada Quist was born in Hull."),
        ("Ada Quist", "Ada Quist was born in Ribe."),
    )

    assert disputed.kind is lone.kind is VerdictKind.SUPPORTED
    assert "Another source says otherwise: A lexicon." in disputed.why
    assert disputed.confidence < lone.confidence


def test_what_is_said_of_another_subject_disputes_nothing(judged):
    """Another bridge by another engineer is no other opinion."""
    verdict = judged(
        "The Iron Bridge was designed by Ada Quist in 1871 over the river Tamm.",
        ("The Iron Bridge", "The Iron Bridge was designed by Ada Quist in 1871 over the river Tamm."),
        ("The Stone Bridge", "The Stone Bridge was designed by Ada Quist in 1871 over the river Tamm."),
    )

    assert verdict.kind is VerdictKind.SUPPORTED
    assert "otherwise" not in verdict.why


def test_without_evidence_nothing_is_decided(judged):
    """No passage gives no verdict but the one in the middle, without a citation."""
    verdict = judged("Ada Quist was born in Ribe.")

    assert (verdict.kind, verdict.citation) == (VerdictKind.NOT_ENOUGH_EVIDENCE, None)
    assert "No passage" in verdict.why


def test_a_claim_about_nobody_is_left_open(judged):
    """ "He was born in Ribe" is borne out by nobody's birth in Ribe."""
    verdict = judged("She was born in Ribe.", ("Ada Quist", QUIST))

    assert verdict.kind is VerdictKind.NOT_ENOUGH_EVIDENCE
    assert '"she"' in verdict.why


class Meanings:
    """Words of one group have one vector: cosine 1 within, 0 across."""

    GROUPS = (("murdered", "killed"), ("painted",), ("boats",))

    def embed_passages(self, texts):
        rows = [[float(text in group) for group in self.GROUPS] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(texts), len(self.GROUPS))


def test_words_of_one_meaning_count_as_said_with_an_embedder(judged):
    """ "Killed" bears out "murdered" where the embedder says they are near, less surely than the word itself."""
    told = ("Ada", "Ada killed Noor.")

    same = judged("Ada killed Noor.", told)
    near = judged("Ada murdered Noor.", told, verifier=RuleVerifier(Meanings()))
    alone = judged("Ada murdered Noor.", told)
    other = judged("Ada painted Noor.", told, verifier=RuleVerifier(Meanings()))

    assert near.kind is VerdictKind.SUPPORTED
    assert near.confidence < same.confidence
    assert '"killed" for "murdered"' in near.why
    assert alone.kind is other.kind is VerdictKind.NOT_ENOUGH_EVIDENCE


def test_an_embedder_that_fails_is_not_hidden(judged):
    """An outage passes on as the error it is."""

    class Broken:
        def embed_passages(self, texts):
            raise EmbeddingError("the embedder has broken down")

    with pytest.raises(EmbeddingError):
        judged("Ada murdered Noor.", ("Ada", "Ada killed Noor."), verifier=RuleVerifier(Broken()))


def test_what_is_too_long_for_a_statement_is_not_compared(judged):
    """A table in one sentence costs no time and bears out nothing, itself included."""
    table = "Ada Quist " + "built boats and " * 60 + "sailed."

    verdict = judged(table, ("Ada Quist", table))

    assert verdict.kind is VerdictKind.NOT_ENOUGH_EVIDENCE
    assert "more than" in verdict.why


def test_a_verdict_is_the_same_every_time(judged):
    """Nothing is drawn by chance, and nothing is remembered from the claim before."""
    first = judged("Ada Quist was born in Hull.", ("Ada Quist", QUIST))
    judged("Ada Quist was born in Ribe.", ("Ada Quist", QUIST))

    assert judged("Ada Quist was born in Hull.", ("Ada Quist", QUIST)) == first
