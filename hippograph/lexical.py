"""Lexical ranking: BM25 over the words of passages and of their sentences, in tables that grow.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with Lucene's form of the
inverse document frequency; k1 0.9 and b 0.4 are the usual choice for passages. Libraries that rank so either rebuild
the whole index when a text is added, or count deleted texts until they merge; here counts are those of the texts that
are there, whatever came and went before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hippograph.tables import Column, Files, Names, Pages, Ragged
from hippograph.text.names import words

K1 = 0.9
B = 0.4

FINE = 1 << 20
"""Scores are multiples of 1/FINE, so that their sums are exact in any order."""

BRINGING = 1 << 16
"""How many postings of a question's words are read, the rarest words' first; commoner words only add to the scores of
texts that those brought. So a question costs the same in any corpus."""
BEST = 1 << 10
"""And how many of those texts commoner words add to."""

Rows = npt.NDArray[np.int64]
Kept = Callable[[Rows], npt.NDArray[np.bool_]]
"""Which of some passages are to be scored."""


@dataclass(frozen=True, slots=True, eq=False)
class LexicalScores:
    """BM25 of one question with passages."""

    rows: Rows
    """Passages that share a word with it, ascending: all, or the best where they are very many."""
    values: npt.NDArray[np.float64]
    mean: float
    """Over all passages, as if each word stood in its passages once, and words came independently of each other."""
    spread: float
    """The standard deviation over all passages, likewise; never zero."""
    score: Callable[[Rows], npt.NDArray[np.float64]]
    """The scores of any passages, looked up in the postings."""

    def of(self, rows: Rows) -> npt.NDArray[np.float64]:
        """The scores of some passages; 0 where no word is shared."""
        scores = np.zeros(len(rows))
        places = np.minimum(np.searchsorted(self.rows, rows), max(0, len(self.rows) - 1))
        known = self.rows[places] == rows if len(self.rows) else np.zeros(len(rows), dtype=bool)
        scores[known] = self.values[places[known]]
        scores[~known] = self.score(rows[~known])
        return scores


class Term(NamedTuple):
    """A word of a question: its number, how many texts hold it, and how telling that makes it."""

    number: int
    held_by: int
    weight: float


class LexicalIndex:
    """The words of every passage and sentence.

    Postings stand in runs, one a batch, that are merged when they are no longer twice as large as the next; sentences
    are scored from their own words, since only those of a few passages are ever asked for.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._words = Names(files, "words")
        self._passages_with = Pages(files, "words.passages", 1)
        self._sentences_with = Pages(files, "words.sentences", 1)
        self._lengths = Column(files, "passages.word_counts", "<i4")
        self._sentence_words = Ragged(files, "sentences.words", "<i4")
        self._run_words = Column(files, "postings.words", "<i4")
        self._run_ends = Column(files, "postings.ends", "<i8")
        self._rows = Column(files, "postings.rows", "<i4")
        self._counts = Column(files, "postings.counts", "<i4")

    def add(self, passages: Sequence[str], sentences: Sequence[str]) -> None:
        """Append the texts of new passages, and of all their sentences."""
        tokens = [words(text) for text in passages]
        sentence_tokens = [words(text) for text in sentences]
        distinct = sorted({word for row in (*tokens, *sentence_tokens) for word in row})
        number = dict(zip(distinct, self._words.add(distinct).tolist(), strict=True))
        numbers = _numbered(tokens, number)
        self._add_postings(numbers)
        self._lengths.extend(np.array([len(row) for row in numbers], dtype=np.int32))
        in_sentences = _numbered(sentence_tokens, number)
        lengths = np.array([len(row) for row in in_sentences], dtype=np.int64)
        self._sentence_words.extend(lengths, _flat(in_sentences))
        self._count(numbers, in_sentences, 1)

    def remove(self, passages: Sequence[str], sentences: Sequence[str]) -> None:
        """Take texts that were added out of the counts; their postings are passed over by whoever searches."""
        tokens = [words(text) for text in passages]
        sentence_tokens = [words(text) for text in sentences]
        distinct = sorted({word for row in (*tokens, *sentence_tokens) for word in row})
        number = dict(zip(distinct, self._words.find(distinct).tolist(), strict=True))
        self._count(_numbered(tokens, number), _numbered(sentence_tokens, number), -1)

    def scores(self, question: str, gone: Rows) -> LexicalScores:
        """BM25 of the question with every passage but those that are gone."""
        count, total = self._totals()[:2]
        terms = self._question(question, self._passages_with, count)
        average = total / max(1, count)
        return self._scored(terms, count, average, lambda rows: ~_among(rows, gone))

    def _scored(self, terms: Sequence[Term], count: int, average: float, kept: Kept) -> LexicalScores:
        """The scores of a question's words among `count` texts, those that are kept."""
        bringing, common = _rarest(terms)
        rows, values = self._best(bringing, average, kept)
        return LexicalScores(
            rows,
            values + self._scores_of(common, rows, average),
            *_over_all(terms, count),
            lambda rows: np.where(kept(rows), self._scores_of(terms, rows, average), 0.0),
        )

    def _best(
        self, terms: Sequence[Term], average: float, kept: Kept
    ) -> tuple[Rows, npt.NDArray[np.float64]]:
        """The texts that hold some of the words and are kept, ascending, and their scores by these words.

        Where they are very many, the best of them.
        """
        scores = np.zeros(len(self._lengths))
        brought: list[npt.NDArray[np.integer]] = [np.zeros(0, dtype=np.int64)]
        for term in terms:
            for at, term_counts in self._postings(term.number):
                scores[at] += _saturated(term_counts, self._lengths.values[at], average, term.weight)
                brought.append(at)
        rows: Rows = np.concatenate(brought).astype(np.int64)
        rows = rows[kept(rows)]
        if len(rows) > BEST:
            values = scores[rows]
            rows = rows[values >= np.partition(values, len(values) - BEST)[len(values) - BEST]]
        rows = np.unique(rows)
        return rows, scores[rows]

    def _scores_of(self, terms: Sequence[Term], rows: Rows, average: float) -> npt.NDArray[np.float64]:
        """The scores of some texts, ascending or not."""
        scores, wanted = np.zeros(len(rows)), rows.astype(np.int32)  # of the postings' own kind
        for term in terms if len(rows) else ():
            for at, term_counts in self._postings(term.number):
                places = np.minimum(np.searchsorted(at, wanted), len(at) - 1)
                held = np.flatnonzero(at[places] == wanted)
                lengths = self._lengths.values[rows[held]]
                scores[held] += _saturated(term_counts[places[held]], lengths, average, term.weight)
        return scores

    def sentence_scores(self, question: str, rows: Rows) -> npt.NDArray[np.float64]:
        """BM25 of the question with some sentences, among all sentences."""
        _, _, count, total = self._totals()
        lengths, numbers = self._sentence_words.gather(rows)
        owners = np.repeat(np.arange(len(rows)), lengths)
        scores, average = np.zeros(len(rows)), total / max(1, count)
        for term in self._question(question, self._sentences_with, count):
            term_counts = np.bincount(owners[numbers == term.number], minlength=len(rows))
            scores += _saturated(term_counts, lengths, average, term.weight)
        return scores

    def scores_among(self, question: str, visible: npt.NDArray[np.bool_]) -> LexicalScores:
        """BM25 of the question with some passages, `visible` by row, as if there were no others."""
        count = int(visible.sum())
        average = int(self._lengths.values[visible].sum()) / max(1, count)
        terms = self._terms_among(question, visible)
        return self._scored(terms, count, average, lambda rows: visible[rows])

    def sentence_scores_among(
        self, question: str, rows: Rows, visible: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float64]:
        """BM25 of the question with some sentences, among those that are `visible`; it looks through every sentence."""
        every, ends = self._sentence_words.values, self._sentence_words.ends
        holding = np.zeros(len(ends), dtype=bool)
        count, total = int(visible.sum()), int(np.diff(ends, prepend=0)[visible].sum())
        lengths, numbers = self._sentence_words.gather(rows)
        owners = np.repeat(np.arange(len(rows)), lengths)
        scores, average = np.zeros(len(rows)), total / max(1, count)
        for number in self._known(question):
            holding[:] = False
            holding[self._sentence_words.owners(np.flatnonzero(every == number))] = True
            weight = _telling(int(np.count_nonzero(holding & visible)), count)
            term_counts = np.bincount(owners[numbers == number], minlength=len(rows))
            scores += _saturated(term_counts, lengths, average, weight)
        return scores

    def words_held(
        self, question: str, rows: Rows, visible: npt.NDArray[np.bool_] | None = None
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        """Which of the question's words each of some sentences holds, shape (rows, words), and how telling each is.

        Words are those that some passage holds; where `visible` is given, by passage row, one that can be seen.
        """
        if visible is None:
            terms = self._question(question, self._passages_with, self._totals()[0])
        else:
            terms = self._terms_among(question, visible)
        lengths, numbers = self._sentence_words.gather(rows)
        owners = np.repeat(np.arange(len(rows)), lengths)
        held = np.zeros((len(rows), len(terms)), dtype=bool)
        for column, term in enumerate(terms):
            held[owners[numbers == term.number], column] = True
        return held, np.array([term.weight for term in terms])

    def _terms_among(self, question: str, visible: npt.NDArray[np.bool_]) -> list[Term]:
        """The question's words that some of the visible passages hold, as if there were no others."""
        count = int(visible.sum())
        held = [
            (number, sum(int(visible[at].sum()) for at, _ in self._postings(number)))
            for number in self._known(question)
        ]
        return [Term(number, held_by, _telling(held_by, count)) for number, held_by in held if held_by]

    def _known(self, question: str) -> list[int]:
        """The numbers of the question's known words, in its order."""
        found = self._words.find(list(dict.fromkeys(words(question))))
        return [int(number) for number in found[found >= 0].tolist()]

    def _question(self, question: str, held: Pages, count: int) -> list[Term]:
        """The question's known words, in its order."""
        known = self._known(question)
        frequencies = held[np.array(known, dtype=np.int64)][:, 0].tolist()
        return [
            Term(number, held_by, _telling(held_by, count))
            for number, held_by in zip(known, frequencies, strict=True)
            if held_by
        ]

    def _postings(self, number: int) -> list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]]:
        """The passages that hold a word, and how often, run by run."""
        found = []
        for first_word, word_count, _, _ in self._runs():
            run = self._run_words.values[first_word : first_word + word_count]
            wanted = np.int32(number)  # of the run's own kind, or all of it is converted
            at = int(np.searchsorted(run, wanted))
            if at < word_count and run[at] == number:
                start, end = self._bounds(first_word, at)
                found.append((self._rows.values[start:end], self._counts.values[start:end]))
        return found

    def _bounds(self, first_word: int, at: int) -> tuple[int, int]:
        """Where a word's postings stand; the end before a run's first word is written in front of it."""
        place = first_word + at
        return int(self._run_ends.values[place - 1]) if place else 0, int(self._run_ends.values[place])

    def _add_postings(self, numbers: Sequence[Sequence[int]]) -> None:
        first = len(self._lengths)
        flat, lengths = _flat(numbers), [len(row) for row in numbers]
        rows = np.repeat(np.arange(first, first + len(numbers), dtype=np.int64), lengths)
        pairs, counts = np.unique((flat.astype(np.int64) << 32) | rows, return_counts=True)
        run = (pairs >> 32, pairs & 0xFFFFFFFF, counts)
        runs = self._runs()
        while runs and runs[-1][3] <= 2 * len(run[0]):
            run = _joined(self._run(runs.pop()), run)
        if not len(run[0]):
            return
        distinct, firsts = np.unique(run[0], return_index=True)
        ends = np.append(firsts[1:], len(run[0]))
        runs.append([len(self._run_words), len(distinct), len(self._rows), len(run[0])])
        self._run_words.extend(distinct)
        self._run_ends.extend(len(self._rows) + ends)
        self._rows.extend(run[1])
        self._counts.extend(run[2])
        self._files.record("postings", runs)

    def _run(self, run: Sequence[int]) -> tuple[Rows, Rows, Rows]:
        """A run's postings as three columns: word, passage, count."""
        first_word, word_count, start, count = run
        ends = self._run_ends.values[first_word : first_word + word_count]
        lengths = np.diff(np.concatenate([[start], ends]))
        numbers = np.repeat(self._run_words.values[first_word : first_word + word_count], lengths)
        stretch = slice(start, start + count)
        return numbers.astype(np.int64), self._rows.values[stretch], self._counts.values[stretch]

    def _runs(self) -> list[list[int]]:
        return [list(run) for run in self._files.recall("postings", [])]

    def _totals(self) -> list[int]:
        """Passages, words in them, sentences, words in them."""
        totals: list[int] = self._files.recall("words.totals", [0, 0, 0, 0])
        return totals

    def _count(
        self, passages: Sequence[Sequence[int]], sentences: Sequence[Sequence[int]], sign: int
    ) -> None:
        for pages, rows in ((self._passages_with, passages), (self._sentences_with, sentences)):
            held = Counter(number for row in rows for number in set(row))
            if held:
                pages.add(np.array(list(held)), sign * np.array(list(held.values())))
        sizes = [
            len(passages),
            sum(map(len, passages)),
            len(sentences),
            sum(map(len, sentences)),
        ]
        totals = [total + sign * size for total, size in zip(self._totals(), sizes, strict=True)]
        self._files.record("words.totals", totals)


def _numbered(tokens: Sequence[Sequence[str]], number: Mapping[str, int]) -> list[list[int]]:
    return [[number[word] for word in row] for row in tokens]


def _among(rows: Rows, others: Rows) -> npt.NDArray[np.bool_]:
    """Which rows are among others, which ascend."""
    if not len(others):
        return np.zeros(len(rows), dtype=bool)
    among: npt.NDArray[np.bool_] = others[np.minimum(np.searchsorted(others, rows), len(others) - 1)] == rows
    return among


def _rarest(terms: Sequence[Term]) -> tuple[list[Term], list[Term]]:
    """The words whose postings are read, rarest first, and the others; words as rare as each other stay together."""
    ascending = sorted(terms, key=lambda term: term.held_by)
    held = list(accumulate(term.held_by for term in ascending))
    most = max(
        (term.held_by for term, so_far in zip(ascending, held, strict=True) if so_far <= BRINGING), default=0
    )
    most = max(most, ascending[0].held_by if ascending else 0)
    bringing = sum(term.held_by <= most for term in ascending)
    return ascending[:bringing], ascending[bringing:]


def _over_all(terms: Sequence[Term], count: int) -> tuple[float, float]:
    """Mean and standard deviation of the scores of all texts, from how many hold each word."""
    shares = [(term.held_by / max(1, count), term.weight / (1 + K1)) for term in terms]
    mean = math.fsum(share * worth for share, worth in shares)
    variance = math.fsum(share * (1 - share) * worth**2 for share, worth in shares)
    return mean, max(math.sqrt(max(variance, 0.0)), 1e-9)


def _telling(held_by: int, count: int) -> float:
    """How telling a word is that so many of the texts hold."""
    return math.log(1 + (count - held_by + 0.5) / (held_by + 0.5))


def _saturated(
    term_counts: npt.NDArray[np.integer], lengths: npt.NDArray[np.integer], average: float, weight: float
) -> npt.NDArray[np.float64]:
    """What one word adds to the scores of texts: the inverse frequency times the saturated count."""
    scores = weight * term_counts / (term_counts + K1 * (1 - B + B * lengths / max(average, 1e-9)))
    rounded: npt.NDArray[np.float64] = np.rint(scores * FINE) / FINE
    return rounded


def _flat(rows: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    return np.array([number for row in rows for number in row], dtype=np.int32)


def _joined(a: tuple[Rows, Rows, Rows], b: tuple[Rows, Rows, Rows]) -> tuple[Rows, Rows, Rows]:
    """Two runs as one: by word, then by passage. Passages of the later run come later."""
    both = [np.concatenate(pair) for pair in zip(a, b, strict=True)]
    order = np.lexsort((both[1], both[0]))
    return both[0][order], both[1][order], both[2][order]
