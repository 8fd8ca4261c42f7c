"""`structural`: search among units of memory (Zeng et al. 2024, "On the Structural Memory of LLM Agents").

Passages, facts, atomic facts and summaries lie in one space; what is found leads to the passages it stands in, each
where its first unit stands. `retrieval.units` chooses the kinds, `retrieval.unit_search` how they are looked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hippograph.published import PublishedIndex
from hippograph.retrieval.pool import gather_pool, union
from hippograph.retrieval.rankings import Ranking, Values, dense_ranking, dense_rankings, lexical_ranking
from hippograph.retrieval.search import SCORE_DECIMALS, Stopwatch
from hippograph.retrieval.ways.fusion import RRF_K, as_passages, followed_by_dense
from hippograph.retrieval.ways.units import KINDS, Unit, UnitKind, Units, gather_units
from hippograph.settings import RetrievalSettings
from hippograph.types import Reason, ReasonKind, Row, SearchResult, SearchTrace, Seeds, Vectors
from hippograph.vectors import on_grid

DEPTH = 60
"""How many passages by meaning, and how many by words, are read for their units."""
FOUND = 100
"""How many units one look gives (the paper's K)."""
RERANKED = 50
"""How many of them are put in a better order."""
ROUNDS = 3
"""Looks of an iterative search (the paper's N)."""
PROBES = 4
"""How many units of one look are looked on from in the next."""
NO_UNITS = (
    "the passages near the question hold no such unit, so passages are ranked by dense similarity alone"
)
"""For example facts, where nothing found any."""


def structural(
    question: str,
    query_vector: Vectors,
    index: PublishedIndex,
    settings: RetrievalSettings,
    k: int,
) -> SearchResult:
    """The passages that the best units lead to, then the dense ranking, which stands alone where there are no units.

    Where an answer is to be read off units, passages without one are left out, and the others say which sentences
    were found.
    """
    watch = Stopwatch()
    kinds = KINDS[settings.units]
    dense = dense_ranking(index, query_vector, DEPTH)
    lexical = lexical_ranking(index, index.lexical_scores(question), DEPTH)
    watch.lap("first rankings")
    rows = union([dense, lexical], DEPTH)
    units = gather_units(index, gather_pool(index, rows), query_vector, kinds)
    watch.lap("units")
    looks = [_best(index, units, (units.vectors @ query_vector).astype(np.float64))]
    if settings.unit_search == "reranked":
        looks = [_reranked(question, index, looks[0])]
    elif settings.unit_search == "iterative":
        looks = _look_on(query_vector, index, looks, kinds)
    watch.lap(settings.unit_search)
    order, told = _passages(index, looks), _sentences(index, looks)
    only_units = settings.answer_from == "units" and bool(units.units)
    order = order.top(k) if only_units else followed_by_dense(index, order, query_vector, k)
    first = _first_units(looks)
    passages = as_passages(index, order, lambda row: _reasons(index, first, row))
    if only_units:
        passages = tuple(replace(each, sentences=told.get(int(each.row), ())) for each in passages)
    watch.lap("explain")
    fallback = None if units.units else NO_UNITS
    trace = SearchTrace("structural", Seeds(), fallback, watch.timings_ms, notes=_notes(looks, settings))
    return SearchResult(passages, trace)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The units one look found, best first."""

    units: tuple[Unit, ...]
    scores: Values
    vectors: Vectors


def _best(index: PublishedIndex, units: Units, scores: Values, most: int = FOUND) -> Look:
    """The units with the highest scores, by content where they tie."""
    keys = index.keys_of(np.array([unit.passage for unit in units.units], dtype=np.int64))
    order = np.lexsort((np.arange(len(scores)), keys, -np.round(scores, SCORE_DECIMALS)))[:most]
    return Look(tuple(units.units[place] for place in order.tolist()), scores[order], units.vectors[order])


def _reranked(question: str, index: PublishedIndex, look: Look) -> Look:
    """The first units by their rank in meaning and that in shared words (BM25 of their best sentence), added up.

    The paper lets a model rate each unit; words say what a second opinion can without one.
    """
    head = look.units[:RERANKED]
    passages = index.lexical_scores(question).of(np.array([unit.passage for unit in head], dtype=np.int64))
    sentences = sorted({row for unit in head for row in unit.sentences})
    by_words = dict(
        zip(
            sentences,
            index.sentence_lexical_scores(question, np.array(sentences, dtype=np.int64)).tolist(),
            strict=True,
        )
    )
    shared = np.array(
        [
            max((by_words[row] for row in unit.sentences), default=float(passage))
            for unit, passage in zip(head, passages.tolist(), strict=True)
        ]
    )
    ranks = np.searchsorted(np.sort(-shared), -shared)
    scores = 1 / (RRF_K + np.arange(1, len(head) + 1)) + 1 / (RRF_K + 1 + ranks)
    order = np.argsort(-np.round(scores, SCORE_DECIMALS), kind="stable")
    return Look(tuple(head[place] for place in order.tolist()), scores[order], look.vectors[order])


def _look_on(
    query_vector: Vectors,
    index: PublishedIndex,
    looks: list[Look],
    kinds: Sequence[UnitKind],
) -> list[Look]:
    """Further looks, each for the question together with the best units of the look before that led nowhere yet.

    The paper lets a model write the next query from the question and what was found; here it is the sum of both.
    """
    used: set[int] = set()
    for _ in range(ROUNDS - 1):
        places = _probes(looks[-1], used)
        if not places:
            break
        sources = np.array([looks[-1].units[place].passage for place in places], dtype=np.int64)
        probes = _unit(query_vector + looks[-1].vectors[places])
        rows = union(dense_rankings(index, probes, DEPTH // PROBES), DEPTH)
        units = gather_units(index, gather_pool(index, rows), _unit(probes.sum(axis=0)), kinds)
        if not units.units:
            break
        scores = (units.vectors @ probes.T).astype(np.float64)
        scores *= np.maximum(looks[-1].scores[places], 0.0)  # no chain is surer than its first link
        owners = np.array([unit.passage for unit in units.units])
        scores[owners[:, None] == sources[None, :]] = 0.0  # what was looked on from is not what it leads to
        looks.append(_best(index, units, scores.max(axis=1)))
    return looks


def _probes(look: Look, used: set[int]) -> list[int]:
    """The places of the first units of passages that nothing was looked on from yet; those passages are then used."""
    places: list[int] = []
    for place, unit in enumerate(look.units):
        if len(places) == PROBES:
            break
        if unit.passage not in used:
            used.add(unit.passage)
            places.append(place)
    return places


def _passages(index: PublishedIndex, looks: Sequence[Look]) -> Ranking:
    """The passages in the order of their best units over all looks: pooling never loses what an early look found."""
    rows = np.array([unit.passage for look in looks for unit in look.units], dtype=np.int64)
    scores = np.concatenate([look.scores for look in looks])
    distinct, places = np.unique(rows, return_inverse=True)
    best = np.full(len(distinct), -np.inf)
    np.maximum.at(best, places, scores)
    return Ranking.of(distinct, np.round(best, SCORE_DECIMALS), index.keys_of(distinct))


def _first_units(looks: Sequence[Look]) -> dict[int, tuple[int, Unit]]:
    """The best unit of each passage and its rank in the look that found it first."""
    found: dict[int, tuple[int, Unit]] = {}
    for look in looks:
        for rank, unit in enumerate(look.units, start=1):
            found.setdefault(unit.passage, (rank, unit))
    return found


def _reasons(index: PublishedIndex, first: dict[int, tuple[int, Unit]], row: int) -> tuple[Reason, ...]:
    if row not in first:
        return ()
    rank, unit = first[row]
    return (Reason(ReasonKind.UNIT, f"{unit.kind}: {words_of(index, unit)}", rank),)


def words_of(index: PublishedIndex, unit: Unit) -> str:
    """What a unit says; of a passage, what it is about."""
    if unit.text:
        return unit.text
    passage = index.load_passage(Row(unit.passage))
    if not unit.sentences:
        return passage.context() or passage.sentences[0].text
    told = []
    for row in unit.sentences:
        owner = Row(int(index.passage_of_sentences(np.array([row]))[0]))
        told.append(index.load_passage(owner).sentences[row - index.sentence_rows(owner).start].text)
    return " ".join(" ".join(told).split())


def _sentences(index: PublishedIndex, looks: Sequence[Look]) -> dict[int, tuple[int, ...]]:
    """Which sentences of each passage, counted from 0, the units stand in; a passage found whole is left out."""
    told: dict[int, set[int]] = {}
    whole: set[int] = set()
    for unit in (unit for look in looks for unit in look.units):
        if not unit.sentences:
            whole.add(unit.passage)
        owners = index.passage_of_sentences(np.array(unit.sentences, dtype=np.int64)).tolist()
        for row, owner in zip(unit.sentences, owners, strict=True):
            told.setdefault(owner, set()).add(row - index.sentence_rows(Row(owner)).start)
    return {owner: tuple(sorted(places)) for owner, places in told.items() if owner not in whole}


def _notes(looks: Sequence[Look], settings: RetrievalSettings) -> tuple[str, ...]:
    counts = Counter(unit.kind for look in looks for unit in look.units)
    told = ", ".join(f"{count} of the kind {kind}" for kind, count in counts.items()) or "none"
    times = "once" if len(looks) == 1 else f"{len(looks)} times"
    return (f"looked {times} among {settings.units}, {settings.unit_search}; units found: {told}",)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return on_grid(vectors / np.maximum(lengths, 1e-9))
