"""BM25 against its formula."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph.lexical import LexicalIndex, save_lexical_index

TEXTS = ["the cat sat", "the cat and the dog and the cow", "fish", "", "cat cat cat"]


def index_of(folder, texts):
    save_lexical_index(folder, "passages", texts)
    return LexicalIndex(folder, "passages", len(texts))


def bm25(question, texts, k1=0.9, b=0.4):
    """Lucene's: idf ln(1 + (N - n + 1/2) / (n + 1/2)), and tf / (tf + k1 (1 - b + b length / mean length))."""
    rows = [text.split() for text in texts]
    mean = sum(map(len, rows)) / len(rows)
    scores = []
    for row in rows:
        score = 0.0
        for word in dict.fromkeys(question.split()):
            held, count = sum(word in other for other in rows), row.count(word)
            idf = math.log(1 + (len(rows) - held + 0.5) / (held + 0.5))
            score += idf * count / (count + k1 * (1 - b + b * len(row) / mean)) if count else 0.0
        scores.append(score)
    return scores


def test_one_score_is_that_worked_out_on_paper(tmp_path):
    """ "fish" is in one of five texts of 15 words: ln 4 x 1 / (1 + 0.9 x (0.6 + 0.4 / 3))."""
    scores = index_of(tmp_path, TEXTS).scores("fish")

    assert scores.tolist() == pytest.approx([0, 0, math.log(4) / (1 + 0.9 * (0.6 + 0.4 / 3)), 0, 0])


@pytest.mark.parametrize("question", ["cat", "the dog", "the cat and the fish", "cow elephant"])
def test_scores_are_those_of_the_formula(tmp_path, question):
    """Every row's score, for one word and several, known and unknown."""
    assert index_of(tmp_path, TEXTS).scores(question) == pytest.approx(bm25(question, TEXTS), rel=1e-5)


text_of_words = st.lists(st.sampled_from(["ab", "cd", "ef", "gh", "ij"]), max_size=8).map(" ".join)


@hypothesis_settings(deadline=None, max_examples=50)
@given(st.lists(text_of_words, min_size=1, max_size=8).filter(any), text_of_words)
def test_any_corpus_is_scored_by_the_formula(tmp_path_factory, texts, question):
    """The formula holds for any texts, and the best row is the best of a full scan."""
    scores = index_of(tmp_path_factory.mktemp("bm25"), texts).scores(question)
    expected = bm25(question, texts)

    assert scores == pytest.approx(expected, rel=1e-5)
    assert expected[int(np.argmax(scores))] == pytest.approx(max(expected))


def test_a_repeated_word_counts_once(tmp_path):
    """A question that says a word twice asks no more for it."""
    index = index_of(tmp_path, TEXTS)

    assert index.scores("cat cat dog Cat").tolist() == index.scores("dog cat").tolist()


def test_words_the_corpus_does_not_know_are_passed_over(tmp_path):
    """They neither score nor stop the others."""
    index = index_of(tmp_path, TEXTS)

    assert not index.scores("elephant").any()
    assert index.scores("elephant cat").tolist() == index.scores("cat").tolist()


@pytest.mark.parametrize("texts", [["", ""], ["...", "—"]])
def test_texts_without_words_score_nothing(tmp_path, texts):
    """An empty vocabulary is an index too."""
    index = index_of(tmp_path, texts)

    assert index.scores("cat").tolist() == [0, 0]
    assert index.specificity(["cat"]) == [0.0]


def test_words_of_scripts_without_spaces_are_found_by_their_parts(tmp_path):
    """北京大学 shares 北京 with a question about it, and nothing with Tokyo."""
    scores = index_of(tmp_path, ["北京大学", "東京", "Zürich"]).scores("北京")

    assert (scores > 0).tolist() == [True, False, False]


def test_a_rare_word_is_more_telling(tmp_path):
    """ln of (rows + 1) over (rows that hold it + 1/2); nothing for a word no row holds."""
    found = index_of(tmp_path, TEXTS).specificity(["cat", "fish", "elephant"])

    assert found == pytest.approx([math.log(6 / 3.5), math.log(6 / 1.5), 0.0])
