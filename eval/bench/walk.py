"""How long the walk of a question takes, beside igraph's exact one, and how that grows with the graph."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.bench.walk_graph import GeneratedGraph, generate_graph
from eval.indexes import Progress
from hippograph.graph.export import to_igraph
from hippograph.graph.knowledge_graph import KnowledgeGraph
from hippograph.graph.pagerank import exact_walk, full_walk, mixed, walk
from hippograph.graph.push import compiler
from hippograph.graph.push_vectorised import push as push_vectorised
from hippograph.graph.reset import Reset, restarts
from hippograph.graph.scores import Scores, largest_passage_degree
from hippograph.retrieval.seeds import sharp_weights
from hippograph.retrieval.walk import DENSE_TEMPERATURE, MIX, TOLERANCE
from hippograph.settings import RetrievalSettings
from hippograph.types import Node

NODES = (20_000, 1_000_000)
QUESTIONS = 300
EXACT_QUESTIONS = 20
"""How many of them igraph answers too, unless that takes longer than EXACT_SECONDS."""
EXACT_SECONDS = 15.0
NUMPY_QUESTIONS = 60
AGREEMENT_QUESTIONS = 40
TOGETHER = 8
"""Full walks in one pass."""
COSINE_STEP = 0.01
"""How far a seed passage lies behind the one before it: a cosine of 0.2 from the first to the last."""
TOP = (5, 20)
DAMPING = RetrievalSettings().damping
EXACT_TOLERANCE = 1e-10
FULL_TOLERANCE = 1e-9

Rows = npt.NDArray[np.int64]


def measure_walk(node_counts: Sequence[int], progress: Progress) -> dict[str, Any]:
    """Milliseconds of one processor core, for graphs of each size; and how far what was found is the exact order.

    `walk_ms` is a walk from the very reset vector that igraph's prpack gets: five entities and two lists of twenty
    passages, mixed as search mixes them, at its defaults. `search_ms` is what a search calls instead: three walks
    together, one from each kind of seed. Agreement is that of these with exact walks, for the best passages; so is the
    number of the first twenty that are proven without any. Seeds lie anywhere in the graph, which is harder than the
    seeds of a question. Ways to walk take turns, so that a busy moment of the machine falls on all.
    """
    started = time.process_time()
    is_compiled = compiler().wait()
    compile_seconds = time.process_time() - started
    sizes = []
    for count in node_counts:
        with TemporaryDirectory() as folder:
            sizes.append(_measure_size(count, Path(folder), progress))
    return {
        "bench": "walk",
        "compiled": is_compiled,
        "compile_seconds": round(compile_seconds, 2),
        "tolerance": TOLERANCE,
        "sizes": sizes,
        "walk_ms_last_to_first": round(sizes[-1]["walk_ms"] / sizes[0]["walk_ms"], 2),
        "search_ms_last_to_first": round(sizes[-1]["search_ms"] / sizes[0]["search_ms"], 2),
    }


@dataclass(frozen=True, slots=True)
class Question:
    """The reset vectors of a question, and their mixture."""

    resets: tuple[Reset, ...]
    mixture: Reset


def _measure_size(node_count: int, folder: Path, progress: Progress) -> dict[str, Any]:
    started = time.process_time()
    generated = generate_graph(node_count, folder)
    graph = generated.graph
    build = {
        "nodes": graph.node_count,
        "edges": graph.edge_count,
        "largest_degree": round(float(graph.degrees(np.arange(graph.node_count)).max())),
        "build_seconds": round(time.process_time() - started, 1),
        "build_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    rng = np.random.default_rng(1)
    questions = [question_of(generated, rng) for _ in range(QUESTIONS)]
    watch = partial(progress, f"{node_count:,} nodes")
    return build | _times(graph, questions, watch) | _agreement(graph, questions) | _full_walks(graph)


def _times(
    graph: KnowledgeGraph, questions: Sequence[Question], watch: Callable[[int, int], None]
) -> dict[str, Any]:
    """Medians of each way to walk."""
    whole = to_igraph(graph)
    times: dict[str, list[float]] = {"prpack": [], "walk": [], "search": [], "numpy": []}
    for number, question in enumerate(questions):
        watch(number, len(questions))
        if number < EXACT_QUESTIONS and sum(times["prpack"]) < EXACT_SECONDS * 1000:
            vector = np.zeros(graph.node_count)
            vector[list(question.mixture)] = list(question.mixture.values())
            exact = partial(
                whole.personalized_pagerank,
                damping=DAMPING,
                directed=False,
                weights="weight",
                reset=vector.tolist(),
                implementation="prpack",
            )
            times["prpack"].append(_milliseconds(exact))
        start = restarts(question.resets, graph.node_count)
        ways: dict[str, Callable[[], Any]] = {
            "walk": partial(walk, graph, [question.mixture], DAMPING, TOLERANCE),
            "search": partial(walk, graph, question.resets, DAMPING, TOLERANCE),
            "numpy": partial(push_vectorised, graph, start, DAMPING, TOLERANCE),
        }
        for name, way in ways.items():
            if name != "numpy" or number < NUMPY_QUESTIONS:
                times[name].append(_milliseconds(way))
    middle = {name: float(np.median(values)) for name, values in times.items()}
    return {
        **{f"{name}_ms": round(value, 4) for name, value in middle.items()},
        **{f"{name}_ms_p95": round(float(np.quantile(times[name], 0.95)), 4) for name in ("walk", "search")},
        "times_faster": round(middle["prpack"] / middle["walk"]),
        "search_times_faster": round(middle["prpack"] / middle["search"]),
        "numpy_times_faster": round(middle["prpack"] / middle["numpy"]),
    }


def _agreement(graph: KnowledgeGraph, questions: Sequence[Question]) -> dict[str, Any]:
    """The share of the best passages that search's walks have in common with exact ones, and how many are proven.

    The exact ones are full walks at a tolerance of EXACT_TOLERANCE, which prpack takes five times as long for;
    `exact_off_by` is the largest difference of one of them from prpack's, a unit of degree.
    """
    passages = np.arange(graph.passage_rows)
    largest = largest_passage_degree(graph)
    agreeing: dict[int, list[float]] = {k: [] for k in TOP}
    reached, proven = [], []
    for start in range(0, AGREEMENT_QUESTIONS, TOGETHER):
        some = questions[start : start + TOGETHER]
        exact_walks = full_walk(graph, [question.mixture for question in some], DAMPING, EXACT_TOLERANCE)
        for question, exact in zip(some, exact_walks, strict=True):
            found = mixed(list(MIX.values()), walk(graph, question.resets, DAMPING, TOLERANCE))
            reached.append(len(found.nodes))
            proven.append(found.proven(graph, max(TOP), largest))
            for k, shares in agreeing.items():
                shares.append(len(_best(exact, passages, k) & _best(found, passages, k)) / k)
    by_igraph = exact_walk(graph, questions[0].mixture, DAMPING)
    by_us = full_walk(graph, [questions[0].mixture], DAMPING, EXACT_TOLERANCE)[0]
    degrees = np.maximum(graph.degrees(by_us.nodes), 1.0)
    return {
        "nodes_reached": float(np.median(reached)),
        **{f"agreement@{k}": round(float(np.mean(shares)), 4) for k, shares in agreeing.items()},
        f"proven_of_{max(TOP)}": round(float(np.mean(proven)), 2),
        "exact_off_by": float(np.abs((by_igraph.values - by_us.values) / degrees).max()),
    }


def _best(scores: Scores, passages: Rows, k: int) -> set[int]:
    return set(np.argsort(-scores.of(passages), kind="stable")[:k].tolist())


def _full_walks(graph: KnowledgeGraph) -> dict[str, Any]:
    """Full walks, from every passage: one, and several in one pass."""
    rng = np.random.default_rng(2)
    dense: list[dict[Node, float]] = [
        {Node(row): weight for row, weight in enumerate(rng.uniform(0, 1, graph.passage_rows).tolist())}
        for _ in range(TOGETHER)
    ]
    alone = [_milliseconds(partial(full_walk, graph, dense[:1], DAMPING, FULL_TOLERANCE)) for _ in range(3)]
    together = _milliseconds(partial(full_walk, graph, dense, DAMPING, FULL_TOLERANCE))
    return {
        "full_walk_ms": round(float(np.median(alone)), 2),
        f"full_walk_ms_each_of_{TOGETHER}": round(together / TOGETHER, 2),
    }


def question_of(generated: GeneratedGraph, rng: np.random.Generator) -> Question:
    """Five entities and two lists of twenty passages, weighed as search weighs them."""
    settings = RetrievalSettings()
    entities = rng.choice(generated.mentioned, settings.seed_entities)
    resets: dict[str, Reset] = {
        "entities": dict(zip(entities.tolist(), rng.uniform(0.1, 1, len(entities)).tolist(), strict=True))
    }
    cosines = -COSINE_STEP * np.arange(settings.seed_passages, dtype=np.float64)
    weights = sharp_weights(cosines, DENSE_TEMPERATURE).tolist()
    for kind in ("dense", "lexical"):
        passages = rng.integers(0, generated.graph.passage_rows, len(weights)).tolist()
        resets[kind] = dict(zip(passages, weights, strict=True))
    mixture: dict[Any, float] = {}
    for kind, share in MIX.items():
        total = sum(resets[kind].values())
        for node, weight in resets[kind].items():
            mixture[node] = mixture.get(node, 0.0) + share * weight / total
    return Question(tuple(resets[kind] for kind in MIX), mixture)


def _milliseconds(work: Callable[[], Any]) -> float:
    """What the work takes of this thread's time on a processor."""
    started = time.thread_time()
    work()
    return (time.thread_time() - started) * 1000
