"""Units and the memory that holds them: sizes, provenance, who leaves, and what folding keeps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hippograph.working_memory.eviction import least_relevant, oldest
from hippograph.working_memory.units import (
    UnknownUnit,
    WorkingMemory,
    admit,
    best_sentence,
    fold,
    fold_goal,
    restore,
    restore_goal,
    search_units,
    units_of,
)
from tests.unit.working_memory.conftest import QUERY, count_words, passage_of

TEXT = "Ada wrote notes. Noor painted many boats. Ribe is old. The bridge stands."


def names(held):
    return [each.unit.document for each in held]


def test_a_unit_is_made_of_whole_sentences_as_long_as_they_fit(cut):
    """Sentences of 3, 4, 3 and 3 words, at most 7 to a unit: two and two."""
    assert [each.unit.text for each in cut(TEXT, 7)] == [
        "Ada wrote notes. Noor painted many boats.",
        "Ribe is old. The bridge stands.",
    ]


def test_a_sentence_that_is_too_long_is_cut_at_white_space(cut):
    """Nine words, at most four: halves of halves, none of them longer, in the document's own words."""
    texts = [each.unit.text for each in cut("one two three four five six seven eight nine", 4)]

    assert " ".join(texts) == "one two three four five six seven eight nine"
    assert max(map(count_words, texts)) <= 4


@given(st.text(alphabet="ab .\n", max_size=200), st.integers(1, 9), st.integers(0, 50))
def test_no_unit_is_longer_than_allowed_and_each_is_its_documents_own_text(text, most, offset):
    """Whatever the text: the bound holds, offsets cut the unit out of the document, and no letter is lost."""
    held = units_of(passage_of(text, offset=offset), QUERY, count_words, most)

    document = " " * offset + text
    assert all(each.unit.tokens == count_words(each.unit.text) <= most for each in held)
    assert all(document[each.unit.start : each.unit.end] == each.unit.text for each in held)
    assert "".join("".join(each.unit.text.split()) for each in held) == "".join(text.split())


def test_a_unit_carries_what_is_known_of_its_sentences_and_of_no_others(cut):
    """Mentions and triples count from the unit's own first sentence; citations keep the document's offsets."""
    _, second = cut(TEXT, 7, offset=100)

    shown = second.evidence
    assert [(m.name, m.sentence) for m in shown.mentions] == [("name 2", 0), ("name 3", 1)]
    assert [(t.object, t.sentence) for t in shown.triples] == [("2", 0), ("3", 1)]
    assert shown.found.passage.sentences[0].start == 100 + TEXT.index("Ribe")
    assert (second.unit.passage, second.unit.uri) == ("p-doc", "toy:doc")


def test_consolidated_units_are_single_sentences(cut):
    """So that what is let go is let go by the sentence."""
    assert len(cut(TEXT, 50, single_sentences=True)) == 4


def test_the_first_in_is_the_first_out(named):
    """Capacity 3, five arrivals: the two oldest leave, in order."""
    memory, left = WorkingMemory(3), []
    for name in "abcde":
        memory, _, gone = admit(memory, [named(name)], oldest)
        left += names(gone)

    assert (names(memory.held), left) == (["c", "d", "e"], ["a", "b"])


def test_of_units_that_enter_together_the_best_leaves_last(named):
    """What was found comes best first, and the worst of it makes room first."""
    memory, entered, _ = admit(WorkingMemory(3), [named(name) for name in "abc"])
    memory, _, left = admit(memory, [named("d")])

    assert (names(entered), names(left)) == (["c", "b", "a"], ["c"])
    assert names(each for each in memory.held) == ["b", "a", "d"]


def test_by_relevance_the_one_least_like_the_question_leaves(named):
    """Not the oldest; of two alike the older."""
    held = [named("a", 0.9), named("b", 0.2), named("c", 0.2)]
    memory, _, _ = admit(WorkingMemory(3), held)

    _, _, left = admit(memory, [named("d", 0.1)], least_relevant)

    assert names(left) == ["c"]  # it entered before b


def test_what_was_just_found_makes_no_room_for_itself(named):
    """The new unit stays although it is the least relevant of all: it is to be seen once."""
    memory, _, _ = admit(WorkingMemory(2), [named("a", 0.9), named("b", 0.8)])

    memory, _, _ = admit(memory, [named("c", 0.0)], least_relevant)

    assert "c" in names(memory.held)


def test_what_is_held_does_not_enter_again(named):
    """Nor does it count as new, or leave to come back."""
    memory, _, _ = admit(WorkingMemory(2), [named("a"), named("b")])

    after, entered, left = admit(memory, [named("a"), named("a")])

    assert (after, entered, left) == (memory, (), ())


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 5), st.integers(3, 20))
def test_a_memory_never_holds_more_than_it_may(order, capacity, most_tokens):
    """Neither more units nor more tokens, after any arrivals, by either policy."""
    pool = [units_of(passage_of("x " * (1 + n % 4), str(n)), QUERY, count_words, 9)[0] for n in range(10)]
    for evict in (oldest, least_relevant):
        memory = WorkingMemory(capacity, most_tokens)
        for number in order:
            memory, _, _ = admit(memory, [pool[number], pool[(number + 1) % 10]], evict)

            assert len(memory.held) <= capacity
            assert memory.tokens() <= most_tokens


# ----------------------------------------------------------------- folding


@pytest.fixture
def memory(cut):
    return admit(WorkingMemory(9), cut(TEXT, 4, goal="Ada"))[0]


def test_folding_hides_the_text_and_restoring_brings_it_back(memory):
    """Fold and restore are one another's undoing, letter by letter and token by token."""
    unit = memory.held[0].unit.id

    folded = fold(memory, unit, "a bridge", count_words)

    assert folded.summaries() == ("a bridge",)
    assert len(folded.evidence()) == len(memory.evidence()) - 1
    assert folded.tokens() == memory.tokens() - 3 + 2
    assert restore(folded, unit, count_words) == memory


def test_folding_twice_or_restoring_what_is_not_folded_is_refused(memory):
    """And so is a unit that is not there: the error names it."""
    unit = memory.held[0].unit.id
    folded = fold(memory, unit, "a bridge", count_words)

    for wrong in (
        lambda: fold(folded, unit, "again", count_words),
        lambda: restore(memory, unit, count_words),
        lambda: fold(memory, "none", "", count_words),
    ):
        with pytest.raises(UnknownUnit, match=f"{unit}|none"):
            wrong()


def test_a_goal_that_is_reached_folds_to_one_summary_and_can_be_restored(memory, named):
    """All units of the goal are hidden behind one summary; those of other goals stay."""
    memory, _, _ = admit(memory, [named("other")])

    folded = fold_goal(memory, "Ada", "Ada wrote.", count_words)

    assert folded.summaries() == ("Ada wrote.",)
    assert [each.found.passage.document for each in folded.evidence()] == ["other"]
    assert restore_goal(folded, "Ada", count_words) == memory


def test_a_search_finds_words_in_folded_units_too_with_their_places(memory):
    """Exact words but for case; offsets are the document's."""
    unit = next(each.unit for each in memory.held if "Ribe" in each.unit.text)
    folded = fold(memory, unit.id, "a town", count_words)

    (hit,) = search_units(folded, "rIBE")

    assert (hit.unit, TEXT[hit.start : hit.end]) == (unit.id, "Ribe")
    assert search_units(folded, "Hull") == search_units(folded, " ") == ()


def test_a_search_shows_fifty_hits_at_most(cut):
    """A flood of hits is cut."""
    memory, _, _ = admit(WorkingMemory(9), cut("la " * 80, 100))

    assert len(search_units(memory, "la")) == 50


def test_letters_that_fold_to_two_keep_their_places(cut):
    """The German sharp s is two letters when case is put aside."""
    memory, _, _ = admit(WorkingMemory(9), cut("Weiß war Ada.", 9))

    (hit,) = search_units(memory, "ada")

    assert "Weiß war Ada."[hit.start : hit.end] == "Ada"


def test_the_summary_by_rules_is_the_sentence_most_like_the_question(cut):
    """Nobody has to invent it."""
    (held,) = cut("Ada wrote notes. Ribe is old.", 9, vectors=[[0.1, 0.0], [0.9, 0.0]])

    assert best_sentence(held, QUERY) == "Ribe is old."
    assert held.relevance == pytest.approx(0.9)
