"""`export --question`: the small graph behind one answer, as GraphML or as a page with a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hippograph.cli.exits import wrong_call
from hippograph.graph.export import write_graphml
from hippograph.retrieval.answer_graph import AnswerGraph, gather_answer_graph
from hippograph.retrieval.answer_page import answer_page, to_networkx
from hippograph.types import Answer, RankedPassage

if TYPE_CHECKING:
    from hippograph.engine import Hippograph


def export_answer(memory: Hippograph, question: str, out: Path, k: int) -> tuple[int, int]:
    """Ask, and write what the answer rests on; how many nodes and edges were written.

    Raises QuestionError, and OSError where the file cannot be written.
    """
    suffix = out.suffix.lower()
    if suffix not in (".graphml", ".html"):
        raise wrong_call("OUT", "its name should end in .graphml or .html.")
    answer = memory.ask(question)
    graph = graph_behind(memory, answer, k)
    if suffix == ".html":
        out.write_text(answer_page(graph, answer), encoding="utf-8")
    else:
        write_graphml(out, to_networkx(graph, answer))
    return len(graph.nodes), len(graph.edges)


def graph_behind(memory: Hippograph, answer: Answer, k: int) -> AnswerGraph:
    """The graph behind an answer: the passages it cites, and the first of a search up to k."""
    index, settings = memory.index, memory.settings.retrieval
    vector = memory.embedder.embed_query(answer.question)
    passages = _passages(memory, answer, k)
    return gather_answer_graph(answer.question, vector, index, settings, passages, answer.citations)


def _passages(memory: Hippograph, answer: Answer, k: int) -> list[RankedPassage]:
    """Cited ones first, then the first found until there are k; in the order they were found."""
    cited = {each.passage for each in answer.citations}
    found = {int(each.row): each for each in answer.passages}
    for each in memory.search(answer.question, k):
        found.setdefault(int(each.row), each)
    ranked = sorted(found.values(), key=lambda each: (each.passage.id not in cited, each.rank))
    count = max(k, sum(each.passage.id in cited for each in ranked))
    return sorted(ranked[:count], key=lambda each: each.rank)
