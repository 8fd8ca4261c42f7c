"""Names, dates and numbers of a sentence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hippograph.generation.candidates import CandidateKind, find_candidates
from hippograph.generation.names import names_in
from hippograph.generation.overlap import content_stems, coverage, rarity
from hippograph.types import Mention, MentionKind, Triple


def test_small_words_join_a_name_only_between_capitals():
    """ "of" belongs to a name between two capitalised words, and not at its end."""
    assert names_in("The Bank of England of old") == ["The Bank of England"]


def test_a_possessive_and_a_full_stop_end_a_name():
    """Neither "'s" nor the full stop of the sentence belongs to the name; that of an initial does."""
    assert names_in("she met J. Quist's aunt in Ribe.") == ["J. Quist", "Ribe"]


def test_candidates_are_found_by_kind():
    """Dates, numbers, quotes and names each keep their kind; a year is a date."""
    text = 'In 1871 Ada Quist sold 1,200 copies of "the ferry" on 3 May 1872.'
    kinds = {(candidate.text, candidate.kind) for candidate in find_candidates(text, (), ())}

    assert {
        ("1871", CandidateKind.DATE),
        ("3 May 1872", CandidateKind.DATE),
        ("1,200", CandidateKind.NUMBER),
        ("the ferry", CandidateKind.QUOTE),
        ("Ada Quist", CandidateKind.NAME),
    } <= kinds


def test_mentions_and_ends_of_facts_are_candidates():
    """What the extractor found is looked up in the sentence; what does not stand there is left out."""
    mentions = (Mention("stone arch", MentionKind.NOUN, 0), Mention("Elsewhere", MentionKind.NAME, 0))
    triples = (Triple("the bridge", "crosses", "the wide river", 0),)
    found = {
        candidate.text for candidate in find_candidates("a stone arch over the wide river", mentions, triples)
    }

    assert found == {"stone arch", "the wide river"}


@given(st.text(max_size=200))
def test_a_candidate_is_a_stretch_of_its_sentence(text: str):
    """Whatever the text, each candidate is the text between its offsets, and none is empty."""
    for candidate in find_candidates(text, (), ()):
        assert candidate.text
        assert text[candidate.start : candidate.end] == candidate.text


def test_words_of_one_family_share_a_stem():
    """Endings and irregular forms do not part "films" from "film" or "wrote" from "write"."""
    assert content_stems("Who wrote films, won and built?") == ("write", "film", "win", "build")


def test_coverage_counts_rare_words_more():
    """Two sentences of three hold "a": ln(1+3/2) = 0.916; one holds "b": ln(1+3) = 1.386."""
    weights = rarity([frozenset("a"), frozenset("a"), frozenset("b")])

    assert round(coverage(["a", "b"], frozenset("b"), weights), 3) == round(1.386 / (1.386 + 0.916), 3)
