"""Searches of real models, recorded round by round, replayed: their queries, our index."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from hippograph.adapters.openai_generator import OpenAIGenerator
from hippograph.engine import Hippograph
from hippograph.generation.ircot import ircot, is_pure_reasoning
from hippograph.generation.pool import Stop, same_words
from hippograph.generation.refine import refine_and_pool
from hippograph.settings import AnswerSettings, Settings
from hippograph.types import Document, DocumentId
from tests.conftest import WITHOUT_A_MODEL
from tests.model_server import ModelServer, scripted
from tests.scripted_model import RepliesInTurn

pytestmark = pytest.mark.data

TRACES = 40
ROUNDS = 3
"""At least so many in each trace."""


def lines(file):
    with file.open(encoding="utf-8") as rows:
        yield from map(json.loads, rows)


def is_fit(trace):
    """Whether every round is a search of its own: it got passages, repeats nothing, and is no mere conclusion."""
    asked = [same_words(text) for text in (trace["question"], *(each["query"] for each in trace["rounds"]))]
    is_own = len(set(asked)) == len(asked) and not any(map(is_pure_reasoning, asked))
    return is_own and len(trace["rounds"]) >= ROUNDS and all(each["doc_ids"] for each in trace["rounds"])


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    """The first traces with three rounds or more, and an index of the passages that any of them got."""
    root = Path(os.environ.get("HIPPOGRAPH_SHARED", Path(__file__).parents[2].parent / "shared"))
    folder = root / "data" / "r1_traces"
    if not folder.is_dir():
        pytest.skip(f"the evaluation sets are not at {root}")
    traces = list(islice(filter(is_fit, lines(folder / "traces.jsonl")), TRACES))
    wanted = {name for trace in traces for each in trace["rounds"] for name in each["doc_ids"]}
    documents = [
        Document(DocumentId(row["id"]), row["title"], row["text"])
        for row in lines(folder / "corpus.jsonl")
        if row["id"] in wanted
    ]
    settings = Settings(models=WITHOUT_A_MODEL)
    with Hippograph.build(documents, tmp_path_factory.mktemp("r1") / "index", settings=settings) as memory:
        yield memory, traces


def refine_replies(queries):
    return [*({"enough": False, "queries": [query]} for query in queries), {"enough": True, "queries": []}]


def ircot_replies(queries):
    return [
        *({"thought": query, "has_answer": False} for query in queries),
        {"thought": "", "has_answer": True},
    ]


@pytest.mark.parametrize(
    ("loop", "replies", "end"),
    [(refine_and_pool, refine_replies, Stop.ENOUGH), (ircot, ircot_replies, Stop.ANSWERED)],
    ids=["refine", "ircot"],
)
def test_recorded_rounds_are_replayed_and_pooled(replay, loop, replies, end):
    """Every recorded query is searched for in order; the pool holds once what each search alone finds.

    A loop may end early, when a round finds nothing that is new; then it has searched for the first of the queries.
    """
    memory, traces = replay
    first_rounds = pools = 0.0

    def look(query):
        return memory.search(query, k=5, method="bm25")

    for trace in traces:
        queries = [each["query"] for each in trace["rounds"]]
        found = loop(trace["question"], look, RepliesInTurn(*replies(queries)), max_hops=9)
        searched = found.queries()
        alone = [[each.passage.id for each in look(query)] for query in (trace["question"], *searched)]
        recorded = {name for each in trace["rounds"] for name in each["doc_ids"]}
        reached = {each.passage.document for each in found.passages}

        assert found.stop in (end, Stop.NOTHING_NEW)
        assert list(searched) == queries[: len(searched)]
        assert len(searched) == len(queries) or found.stop is Stop.NOTHING_NEW
        assert sorted(each.passage.id for each in found.passages) == sorted(set().union(*alone))
        assert all(each.passage.id in alone[each.hop - 1] for each in found.passages)
        pools += len(recorded & reached) / len(recorded) / len(traces)
        first = {each.passage.document for each in look(trace["question"])}
        first_rounds += len(recorded & first) / len(recorded) / len(traces)

    # What the models of the recording read: the question alone finds part of it, the rounds more.
    assert pools > first_rounds + 0.1


@pytest.mark.parametrize("loop", ["refine", "ircot"])
def test_recorded_rounds_are_replayed_over_a_server(replay, loop):
    """Through the real client, as a method of search: each round's query comes from the server, in its order."""
    pytest.importorskip("openai", reason="the extra llm is not installed")
    memory, traces = replay
    replies = {"refine": refine_replies, "ircot": ircot_replies}[loop]
    for trace in traces[:8]:
        queries = [each["query"] for each in trace["rounds"]]
        with ModelServer(reply=scripted(*map(json.dumps, replies(queries)))) as server:
            generator = OpenAIGenerator(server.settings())
            asked = replace(memory._parts, generator=generator)
            limits = AnswerSettings(max_hops=9, max_model_calls=20)
            settings = memory.settings.model_copy(update={"answer": limits})
            with Hippograph.open(memory.status().folder, settings=settings, parts=asked) as with_model:
                found = with_model.explain(trace["question"], 50, f"{loop}+bm25")
            generator.close()
        alone = {
            each.passage.document
            for query in (trace["question"], *found.trace.queries)
            for each in memory.search(query, 50, "bm25")
        }

        assert found.trace.queries == tuple(queries[: len(found.trace.queries)])
        assert len(found.trace.queries) >= 2
        assert found.trace.warnings == ()
        assert {each.passage.document for each in found.passages} <= alone
        assert len(server.chats()) in (len(found.trace.queries), len(found.trace.queries) + 1)


def test_no_more_rounds_than_hops_are_replayed(replay):
    """Two searches are allowed, so one recorded query is used."""
    memory, traces = replay
    for trace in traces[:5]:
        queries = [each["query"] for each in trace["rounds"]]
        generator = RepliesInTurn(*refine_replies(queries))
        found = refine_and_pool(
            trace["question"], lambda query: memory.search(query, k=5, method="bm25"), generator, max_hops=2
        )

        assert found.queries() == (queries[0],)
        assert len(generator.requests) == 1
