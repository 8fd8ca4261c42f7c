"""The second look: what candidates say of each other once some of them are believed."""

import numpy as np
import pytest

from hippograph.retrieval.explore import explore
from hippograph.retrieval.ranker import load_ranker
from hippograph.retrieval.second_look import BELIEVED, DOUBT, Ties, look_again

QUESTION = "Where was the designer of the Iron Bridge born?"

# Candidate 0 is about entity 0 and names 1 and 2; candidate 1 is about 1; candidate 2 names 2 and 0; candidate 3
# names nothing. The question has two words of equal weight: 0 holds the first, 1 and 3 the second.
TIES = Ties(
    owners=np.array([0, 0, 0, 1, 2, 2]),
    entities=np.array([0, 1, 2, 1, 2, 0]),
    nearness=np.array([1.0, 0.5, 1.0, 1.0, 1.0, 0.25]),
    telling=np.array([0.0, 0.5, 0.25]),
    titles=np.array([0, 1, -1, -1]),
    words=np.array([[1.0, 0], [0, 1], [0, 0], [0, 1]]),
    importance=np.array([0.5, 0.5]),
)
SCORES = np.array([4.0, -100, -100, -100])
"""Only candidate 0 is believed."""


def test_a_candidate_that_one_believed_names_is_told_so():
    """Candidate 0 names what 1 is about, in a sentence half as near as its nearest; it does not speak for itself."""
    assert look_again(TIES, SCORES)["believed_points"] == pytest.approx([0, 0.5, 0, 0])


def test_a_candidate_that_names_what_one_believed_is_about_is_told_so():
    """Candidate 2 names entity 0 in a sentence a quarter as near."""
    assert look_again(TIES, SCORES)["believed_back"] == pytest.approx([0, 0, 0.25, 0])


def test_a_shared_name_counts_by_how_telling_it_is():
    """Candidate 1 shares entity 1 (0.5 x 0.5), candidate 2 entity 2 (1 x 0.25); entity 0 is named in the question."""
    assert look_again(TIES, SCORES)["believed_bridge"] == pytest.approx([0, 0.25, 0.25, 0])


def test_words_that_one_believed_leaves_unexplained_count():
    """Half of the question is left by 0 and held by 1 and 3; tied to 0 is only 1: by its title half, by a name less."""
    seen = look_again(TIES, SCORES)

    assert seen["fills"] == pytest.approx([0, 0.5, 0, 0.5])
    assert seen["fills_linked"] == pytest.approx([0, 0.25, 0, 0])
    assert seen["fills_pointed"] == pytest.approx([0, 0.25, 0, 0])


def test_less_is_believed_of_what_scores_lower():
    """One DOUBT below the best a candidate is believed 1/e as much: 3 lacks the first word, which 0 holds."""
    seen = look_again(TIES, np.array([-100.0, -100, 2 + DOUBT, 2]))

    assert seen["fills"] == pytest.approx([0.5, 0.5, 0, 0.5])
    assert look_again(TIES, np.array([-100.0, -100, -100, 2]))["fills"] == pytest.approx([0.5, 0, 0, 0])
    assert look_again(TIES, np.array([0.0, -100, -100, 2 + 2]))["fills"] == pytest.approx(
        [0.5, 0.5 * np.exp(-4 / DOUBT), 0, 0.5 * np.exp(-4 / DOUBT)]
    )


def test_only_the_first_few_are_read_again():
    """What stands behind them speaks for nobody, however little is believed of it."""
    count = BELIEVED + 2
    ties = Ties(
        owners=np.arange(count),
        entities=np.array([*range(count - 1), 0]),
        nearness=np.ones(count),
        telling=np.ones(count),
        titles=np.full(count, -1),
        words=np.zeros((count, 0)),
        importance=np.zeros(0),
    )
    last_is_tied = np.array([5.0] * (count - 1) + [4])
    first_is_behind = np.array([1.0, *[5.0] * (count - 2), 4])

    assert look_again(ties, last_is_tied)["believed_bridge"][-1] == pytest.approx(1)
    assert look_again(ties, first_is_behind)["believed_bridge"][-1] == 0


def test_candidates_without_names_or_words_are_no_mishap():
    """All that is said of them is 0."""
    none = np.zeros(0)
    ties = Ties(
        none.astype(int),
        none.astype(int),
        none,
        none,
        np.array([-1, -1]),
        np.zeros((2, 0)),
        none,
    )

    assert all(values.tolist() == [0, 0] for values in look_again(ties, np.array([1.0, 0])).values())


def test_ties_are_read_off_the_sentences(river):
    """Of the bridge: its title in both sentences, the Tamm in one, Quist in the other; what the question names tells
    nothing."""
    vector = river.embedder.embed_query(QUESTION)
    found = explore(QUESTION, vector, river.index, river.settings.retrieval)
    ties, rows = found.ties, found.pool.rows.tolist()
    bridge = rows.index(0)
    about = int(ties.titles[bridge])

    assert sorted(ties.owners.tolist()) == ties.owners.tolist()
    assert np.count_nonzero(ties.owners == bridge) == 4
    assert ties.telling[about] == 0
    assert sorted(ties.telling.tolist(), reverse=True)[0] == pytest.approx(1)  # maps: named in one passage
    assert ties.titles[rows.index(1)] == -1
    assert ties.importance.sum() == pytest.approx(1)
    assert ties.nearness.max() == pytest.approx(1)
    assert ties.words.shape == (len(rows), len(ties.importance))


def test_the_shipped_ranker_looks_twice(river):
    """Its score is that of the first look and what the second one adds."""
    vector = river.embedder.embed_query(QUESTION)
    found = explore(QUESTION, vector, river.index, river.settings.retrieval)
    ranker = load_ranker()
    first = ranker.scores(found.signals)
    added = ranker.second.added(look_again(found.ties, first))

    assert ranker.scores(found.signals, found.ties) == pytest.approx(first + added)
    assert np.abs(added).max() > 0
    parts = ranker.contributions(found.signals, 0, found.ties)
    assert sum(parts.values()) + ranker.intercept == pytest.approx(
        ranker.scores(found.signals, found.ties)[0]
    )
    assert set(ranker.all_signals(found.signals, found.ties)) > set(found.signals)
