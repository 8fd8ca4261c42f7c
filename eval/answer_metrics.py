"""How good an answer is: exact match, F1, and whether the answer stands in the cited sentences."""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

ARTICLES = re.compile(r"\b(a|an|the)\b")
CLOSED_ANSWERS = frozenset({"yes", "no"})
UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "THAI", "LAO", "KHMER", "MYANMAR")
"""Scripts where a word may begin or end without a space, as Unicode names their letters."""


def normal_answer(text: str) -> str:
    """Lower case, without punctuation and articles, spaces made single: SQuAD's rule (Rajpurkar et al. 2016).

    Punctuation is what Unicode calls so, beside the ASCII signs of the original script.

    >>> normal_answer("The “Beatles”!")
    'beatles'
    """
    return _without_articles(_map_punctuation(text, ""))


def exact_match(prediction: str, answers: Sequence[str]) -> float:
    """1 when the prediction is one of the answers, both in normal form.

    >>> exact_match("the Nile.", ["Amazon", "Nile"])
    1.0
    """
    _require_answers(answers)
    return max(float(normal_answer(prediction) == normal_answer(answer)) for answer in answers)


def f1_score(prediction: str, answers: Sequence[str]) -> float:
    """The best harmonic mean of precision and recall over words, among the answers.

    A yes or no is right or wrong and nothing between, as in HotpotQA (Yang et al. 2018).

    >>> f1_score("Stanley Hall", ["G. Stanley Hall"])
    0.8
    """
    _require_answers(answers)
    return max(_f1(normal_answer(prediction), normal_answer(answer)) for answer in answers)


def is_span_question(answers: Sequence[str]) -> bool:
    """Whether the answer is words that a document can hold, and not a yes or a no.

    >>> is_span_question(["Yes."])
    False
    """
    normal = [normal_answer(answer) for answer in answers]
    return any(normal) and not any(answer in CLOSED_ANSWERS for answer in normal)


def answer_in_citations(answers: Sequence[str], sentences: Iterable[str]) -> float:
    """1 when one of the answers stands, as whole words, in one of the cited sentences.

    >>> answer_in_citations(["Ada"], ["Nevada is dry.", "It was Ada's idea."])
    1.0
    """
    _require_answers(answers)
    return float(any(_stands_in(answer, sentence) for sentence in sentences for answer in answers))


def _stands_in(answer: str, sentence: str) -> bool:
    """Either way of dropping punctuation may be what matches: "U.S." is "US", "Hall's" holds "Hall"."""
    return _holds_words(sentence, answer, "") or _holds_words(sentence, answer, " ")


def _holds_words(sentence: str, answer: str, punctuation: str) -> bool:
    words = _without_articles(_map_punctuation(answer, punctuation))
    text = _without_articles(_map_punctuation(sentence, punctuation))
    if not words:
        return False
    before = "" if _is_unspaced(words[0]) else r"(?<!\w)"
    after = "" if _is_unspaced(words[-1]) else r"(?!\w)"
    return re.search(before + re.escape(words) + after, text) is not None


def _f1(prediction: str, answer: str) -> float:
    if prediction in CLOSED_ANSWERS or answer in CLOSED_ANSWERS or not prediction or not answer:
        return float(prediction == answer)
    predicted, wanted = prediction.split(), answer.split()
    common = (Counter(predicted) & Counter(wanted)).total()
    return 2 * common / (len(predicted) + len(wanted))


def _map_punctuation(text: str, replacement: str) -> str:
    lowered = unicodedata.normalize("NFC", text).casefold()
    return "".join(replacement if _is_punctuation(letter) else letter for letter in lowered)


def _without_articles(text: str) -> str:
    return " ".join(ARTICLES.sub(" ", text).split())


def _is_punctuation(letter: str) -> bool:
    return letter in string.punctuation or unicodedata.category(letter).startswith("P")


def _is_unspaced(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(UNSPACED_SCRIPTS)


def _require_answers(answers: Sequence[str]) -> None:
    if not answers:
        raise ValueError("A question without answers has no score: leave it out before measuring.")
