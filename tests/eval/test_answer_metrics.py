"""Answer metrics against arithmetic on paper."""

import pytest

from eval.answer_metrics import (
    answer_in_citations,
    exact_match,
    f1_score,
    is_span_question,
    normal_answer,
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Beatles", "beatles"),
        ("An apple, a day!", "apple day"),
        ("theatre", "theatre"),
        ("1,890", "1890"),
        ("“Пушкин” — поэт…", "пушкин поэт"),
        ("北京。", "北京"),
        ("«Zürich»", "zürich"),
        ("Zu\u0308rich", "z\u00fcrich"),
        ("the", ""),
    ],
)
def test_the_normal_form_drops_case_articles_and_punctuation_of_any_script(text, normal):
    """SQuAD's rule, with Unicode's punctuation and one spelling of composed letters."""
    assert normal_answer(text) == normal


def test_exact_match_takes_the_best_answer():
    """One alias that matches is enough; a word too many is not a match."""
    assert exact_match("the Stanley Hall", ["G. Stanley Hall", "Stanley Hall"]) == 1
    assert exact_match("Mr Stanley Hall", ["G. Stanley Hall", "Stanley Hall"]) == 0


def test_f1_is_the_harmonic_mean_over_shared_words():
    """Two of three predicted words are right (2/3), two of four wanted ones found (1/2): F1 = 4/7."""
    assert f1_score("old New York", ["the New York City state"]) == pytest.approx(4 / 7)


def test_f1_counts_a_repeated_word_as_often_as_both_have_it():
    """ "ho ho ho" shares one word with "ho": precision 1/3, recall 1, F1 = 1/2."""
    assert f1_score("ho ho ho", ["ho"]) == pytest.approx(1 / 2)


def test_f1_takes_the_best_answer():
    """Against "blue whale" it is 2/3, against "whale" 1."""
    assert f1_score("whale", ["blue whale", "whale"]) == 1


def test_yes_and_no_are_right_or_wrong():
    """A sentence that begins with yes is no answer to a yes/no question."""
    assert f1_score("yes they were", ["yes"]) == 0
    assert f1_score("Yes.", ["yes"]) == 1


def test_no_prediction_scores_nothing():
    """A refused question has an empty prediction."""
    assert f1_score("", ["Ada"]) == 0
    assert exact_match("", ["Ada"]) == 0


@pytest.mark.parametrize(
    ("answer", "sentence", "stands"),
    [
        ("Stanley Hall", "It was Stanley Hall's idea.", 1),
        ("U.S.", "The US joined in.", 1),
        ("art", "They had a party.", 0),
        ("New York City", "Of New York, city of cities.", 1),
        ("1,890", "It has 1890 passages.", 1),
        ("90", "It has 1890 passages.", 0),
        ("北京", "他住在北京市。", 1),
        ("the", "The end.", 0),
    ],
)
def test_an_answer_stands_in_a_sentence_as_whole_words(answer, sentence, stands):
    """Punctuation does not matter, parts of words do not count, and scripts without spaces need none."""
    assert answer_in_citations([answer], [sentence]) == stands


def test_an_answer_must_stand_in_one_sentence_not_across_two():
    """Words that only meet because sentences are put side by side are no answer."""
    assert answer_in_citations(["Hall Ada"], ["It was Hall.", "Ada left."]) == 0


def test_no_citation_holds_no_answer():
    """Nothing cited, nothing found."""
    assert answer_in_citations(["Ada"], []) == 0


@pytest.mark.parametrize(
    ("answers", "is_span"), [(["Yes"], False), (["no."], False), (["Norway"], True), ([], False)]
)
def test_yes_no_questions_are_not_span_questions(answers, is_span):
    """Their answer stands in no document, so it cannot be looked for in one."""
    assert is_span_question(answers) is is_span
