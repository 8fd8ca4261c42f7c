"""BM25 against its formula, against bm25s, and against an index that only ever held what is left."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hippograph import lexical
from hippograph.lexical import K1, B, LexicalIndex
from hippograph.tables import Files
from hippograph.text.names import words

TEXTS = ["the cat sat", "the cat and the dog and the cow", "fish", "", "cat cat cat"]

NONE = np.zeros(0, dtype=np.int64)

PRECISION = 1e-5
"""Each word's share of a score is rounded to 2^-20; questions here have fewer than ten words."""


def index_of(*batches):
    """An index of batches of texts; each text is a passage and a sentence too."""
    index = LexicalIndex(Files())
    for batch in batches:
        index.add(batch, batch)
    return index


def every_score(index, question, count, gone=()):
    gone = np.array(sorted(gone), dtype=np.int64)
    return index.scores(question, gone).of(np.arange(count)).tolist()


def bm25(question, texts, k1=0.9, b=0.4):
    """Lucene's: idf ln(1 + (N - n + 1/2) / (n + 1/2)), and tf / (tf + k1 (1 - b + b length / mean length))."""
    rows = [words(text) for text in texts]
    mean = sum(map(len, rows)) / len(rows)
    scores = []
    for row in rows:
        score = 0.0
        for word in dict.fromkeys(words(question)):
            held, count = sum(word in other for other in rows), row.count(word)
            idf = math.log(1 + (len(rows) - held + 0.5) / (held + 0.5))
            score += idf * count / (count + k1 * (1 - b + b * len(row) / mean)) if count else 0.0
        scores.append(score)
    return scores


text_of_words = st.lists(st.sampled_from(["ab", "cd", "ef", "gh", "ij"]), max_size=8).map(" ".join)
corpora = st.lists(text_of_words, min_size=1, max_size=8)


# ---------------------------------------------------------------------- scores


def test_one_score_is_that_worked_out_on_paper():
    """ "fish" is in one of five texts of 15 words: ln 4 x 1 / (1 + 0.9 x (0.6 + 0.4 / 3))."""
    expected = math.log(4) / (1 + 0.9 * (0.6 + 0.4 / 3))

    assert every_score(index_of(TEXTS), "fish", 5) == pytest.approx([0, 0, expected, 0, 0], abs=PRECISION)


@pytest.mark.parametrize("question", ["cat", "the dog", "the cat and the fish", "cow elephant"])
def test_scores_are_those_of_the_formula(question):
    """Every row's score, for one word and several, known and unknown; of passages and of sentences."""
    index, expected = index_of(TEXTS), bm25(question, TEXTS)

    assert every_score(index, question, 5) == pytest.approx(expected, abs=PRECISION)
    assert index.sentence_scores(question, np.arange(5)) == pytest.approx(expected, abs=PRECISION)


@hypothesis_settings(deadline=None)
@given(corpora, text_of_words)
def test_any_corpus_is_scored_as_bm25s_scores_it(texts, question):
    """The library says the same of any texts, words no text holds among them."""
    import bm25s

    tokens = [words(text) for text in texts]
    known = sorted({token for row in tokens for token in row})
    asked = [token for token in dict.fromkeys(words(question)) if token in known]
    library = bm25s.BM25(k1=K1, b=B, method="lucene")
    if asked:
        ids = [[known.index(token) for token in row] for row in tokens]
        library.index((ids, {token: i for i, token in enumerate(known)}), show_progress=False)
    expected = library.get_scores(asked).tolist() if asked else [0.0] * len(texts)

    assert every_score(index_of(texts), question, len(texts)) == pytest.approx(expected, abs=PRECISION)


def test_only_passages_that_share_a_word_are_given():
    """Ascending, each once; all others score nothing, whatever rows are asked for."""
    scores = index_of(TEXTS).scores("cat dog", NONE)

    assert scores.rows.tolist() == [0, 1, 4]
    assert (scores.values > 0).all()
    assert scores.of(np.array([3, 1, 2, 1])).tolist() == [0, scores.values[1], 0, scores.values[1]]


def test_a_repeated_word_counts_once():
    """A question that says a word twice asks no more for it."""
    index = index_of(TEXTS)

    assert every_score(index, "cat cat dog Cat", 5) == every_score(index, "dog cat", 5)
    assert index.sentence_scores("cat cat", np.arange(5)).tolist() == every_score(index, "cat", 5)


def test_words_the_corpus_does_not_know_are_passed_over():
    """They neither score nor stop the others."""
    index = index_of(TEXTS)

    assert every_score(index, "elephant", 5) == [0] * 5
    assert every_score(index, "elephant cat", 5) == every_score(index, "cat", 5)
    assert not index.sentence_scores("elephant", np.arange(5)).any()


@pytest.mark.parametrize("texts", [[], ["", ""], ["...", "—"]])
def test_texts_without_words_score_nothing(texts):
    """An empty vocabulary is an index too, and so is one without texts."""
    index = index_of(texts)
    scores = index.scores("cat", NONE)

    assert every_score(index, "cat", len(texts)) == [0] * len(texts)
    assert index.sentence_scores("cat", np.arange(len(texts))).tolist() == [0] * len(texts)
    assert (scores.mean, scores.spread) == (0, 1e-9)


def test_words_of_scripts_without_spaces_are_found_by_their_parts():
    """北京大学 shares 北京 with a question about it, and nothing with Tokyo."""
    index = index_of(["北京大学", "東京", "Zürich"])

    assert [score > 0 for score in every_score(index, "北京", 3)] == [True, False, False]


@given(corpora, text_of_words, st.lists(st.integers(0, 7), max_size=6))
def test_some_sentences_score_as_they_do_among_all(texts, question, wanted):
    """Whatever sentences are asked for, in any order and however often."""
    index, expected = index_of(texts), bm25(question, texts) if any(texts) else [0.0] * len(texts)
    rows = np.array([row for row in wanted if row < len(texts)], dtype=np.int64)

    found = index.sentence_scores(question, rows)
    assert found == pytest.approx([expected[row] for row in rows], abs=PRECISION)


def test_sentences_are_counted_by_themselves():
    """Of one passage of two sentences each word is weighed by sentences, and each sentence by its own length."""
    index = LexicalIndex(Files())
    index.add(["the cat sat the dog"], ["the cat sat", "the dog"])

    assert index.sentence_scores("dog", np.arange(2)) == pytest.approx(
        bm25("dog", ["the cat sat", "the dog"]), abs=PRECISION
    )


# ---------------------------------------------------------------------- mean and spread


def test_mean_and_spread_come_from_how_many_texts_hold_each_word():
    """ "fish" is in one of five texts, "dog" in one: each is worth ln 4 / 1.9 there."""
    scores, worth = index_of(TEXTS).scores("fish dog elephant", NONE), math.log(4) / 1.9

    assert scores.mean == pytest.approx(2 * worth / 5)
    assert scores.spread == pytest.approx(math.sqrt(2 * worth**2 * (1 / 5) * (4 / 5)))


def test_mean_and_spread_are_those_of_all_texts_where_words_are_apart():
    """Texts of one length of which each holds one of the words: nothing is left to estimate but their togetherness."""
    texts = ["ab ef"] * 30 + ["cd ef"] * 10 + ["ef ef"] * 360
    scores = index_of(texts).scores("ab cd", NONE)
    every = scores.of(np.arange(400))

    assert scores.mean == pytest.approx(every.mean(), abs=PRECISION)
    assert scores.spread == pytest.approx(every.std(), rel=0.05)


def test_a_word_that_all_texts_hold_alike_spreads_nothing():
    """It is never zero, so that what is divided by it stays a number."""
    assert index_of(["ab", "ab"]).scores("ab", NONE).spread == 1e-9


# ---------------------------------------------------------------------- very many texts


@pytest.fixture
def few_at_once(monkeypatch):
    """Limits that a few texts reach."""
    monkeypatch.setattr(lexical, "BRINGING", 6)
    monkeypatch.setattr(lexical, "BEST", 4)


MANY = ["rare the", "odd the", "the"] + ["the cat"] * 8 + ["rare odd the cat"]


def test_common_words_bring_no_texts_where_there_are_many(few_at_once):
    """Texts that only hold common words are left out of the ranking; those with rare ones score what they always do."""
    index = index_of(MANY)
    scores = index.scores("the rare odd cat", NONE)

    assert scores.rows.tolist() == [0, 1, 11]
    assert scores.values == pytest.approx(np.array(bm25("the rare odd cat", MANY))[[0, 1, 11]], abs=PRECISION)


def test_any_text_is_scored_in_full_however_many_there_are(few_at_once):
    """Rows that the ranking leaves out are looked up."""
    assert every_score(index_of(MANY), "the rare odd cat", 12) == pytest.approx(
        bm25("the rare odd cat", MANY), abs=PRECISION
    )


def test_where_every_word_is_common_the_rarest_brings_texts(few_at_once):
    """A question is not left without a ranking; of those as good as each other none is preferred."""
    assert index_of(MANY).scores("the cat", NONE).rows.tolist() == list(range(3, 11))


def test_what_is_gone_takes_no_place_among_the_best(few_at_once):
    """An index from which texts were removed ranks as one that never held them."""
    texts = ["odd odd odd"] * 5 + MANY
    index = index_of(texts)
    index.remove(texts[:5], texts[:5])
    rows = index.scores("the rare odd cat", np.arange(5)).rows

    assert (rows - 5).tolist() == index_of(MANY).scores("the rare odd cat", NONE).rows.tolist()


# ---------------------------------------------------------------------- growing


histories = st.lists(st.tuples(st.lists(text_of_words, max_size=4), st.sets(st.integers(0, 30), max_size=3)))


@hypothesis_settings(deadline=None)
@given(histories, st.lists(text_of_words, min_size=1, max_size=3))
def test_any_history_scores_as_an_index_of_what_is_left(history, questions):
    """To the last bit: texts that came and went leave no trace in the scores of the others."""
    index, texts, gone = LexicalIndex(Files()), [], set()
    for added, removed in history:
        index.add(added, added)
        texts += added
        going = sorted(row for row in removed if row < len(texts) and row not in gone)
        index.remove([texts[row] for row in going], [texts[row] for row in going])
        gone.update(going)
    left = [row for row in range(len(texts)) if row not in gone]
    fresh = index_of([texts[row] for row in left])

    for question in questions:
        grown = every_score(index, question, len(texts), gone)
        assert [grown[row] for row in left] == every_score(fresh, question, len(left))
        assert not any(grown[row] for row in gone)
        assert (
            index.sentence_scores(question, np.array(left, dtype=np.int64)).tolist()
            == fresh.sentence_scores(question, np.arange(len(left))).tolist()
        )
        one, other = index.scores(question, np.array(sorted(gone), np.int64)), fresh.scores(question, NONE)
        assert (one.mean, one.spread) == (other.mean, other.spread)


@hypothesis_settings(deadline=None)
@given(corpora, text_of_words, st.randoms(use_true_random=False))
def test_neither_the_order_of_texts_nor_that_of_the_question_matters(texts, question, shuffler):
    """To the last bit, since what is added up is rounded to a grid first."""
    order, asked = list(range(len(texts))), question.split()
    shuffler.shuffle(order)
    shuffler.shuffle(asked)
    moved = every_score(index_of([texts[row] for row in order]), " ".join(asked), len(texts))

    assert moved == [every_score(index_of(texts), question, len(texts))[row] for row in order]


def test_postings_of_many_batches_stand_in_few_runs():
    """Three hundred batches of one text each stand in about ten runs, and are all found."""
    files, chance = Files(), random.Random(5)
    index = LexicalIndex(files)
    texts = [" ".join(chance.choices(["ab", "cd", "ef", "gh"], k=chance.randint(0, 6))) for _ in range(300)]
    for text in texts:
        index.add([text], [text])

    assert len(files.states["postings"]) <= 10
    assert every_score(index, "ab gh", 300) == every_score(index_of(texts), "ab gh", 300)


def test_a_version_scores_as_it_did_before_others_were_written(tmp_path):
    """Whoever has one open is told nothing of what was added or removed since."""
    files = Files(tmp_path)
    index = LexicalIndex(files)
    index.add(TEXTS, TEXTS)
    files.commit()
    before = Files(tmp_path, files.lengths, files.states)
    index.add(["the dog and the fish"], ["the dog and the fish"])
    index.remove(TEXTS[:1], TEXTS[:1])
    files.commit()

    assert every_score(LexicalIndex(before), "the dog", 5) == every_score(index_of(TEXTS), "the dog", 5)
