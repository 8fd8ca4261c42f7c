"""The graph behind an answer for people and programs: one HTML page with a picture, and GraphML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from hippograph.graph.export import xml_safe
from hippograph.graph.knowledge_graph import EdgeKind
from hippograph.graph.picture import Box, Line, draw
from hippograph.retrieval.answer_graph import AnswerEdge, AnswerGraph, AnswerNode, Role
from hippograph.types import Answer

if TYPE_CHECKING:
    import networkx

COLUMNS = {
    Role.SEED: "the walk starts here",
    Role.FIRST_HOP: "answer to the question itself",
    Role.BETWEEN: "tie them together",
    Role.SECOND_HOP: "found by the second hop",
}
KINDS = {
    EdgeKind.MENTION: "named in the passage",
    EdgeKind.SENTENCE: "in one sentence",
    EdgeKind.FACT: "in a stated fact",
    EdgeKind.SYNONYMY: "names alike",
}
SHOWN = (EdgeKind.FACT, EdgeKind.SYNONYMY, EdgeKind.MENTION, EdgeKind.SENTENCE)
"""An edge of several kinds is drawn as the first of these; one between the ends of a fact that is told, as a fact."""

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --page: #ffffff; --strong: #2e8b57;
  --fact: #c9742b; --synonymy: #8d62b5; --tie: #8a94a0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --page: #0d1117; --strong: #4fbf83; --fact: #e0954f;
    --synonymy: #b48ad6; --tie: #6e7883; }
}
body { margin: 0; padding: 1.6rem 2rem 3rem; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.35rem; margin: 0 0 .3rem; max-width: 60rem; }
.answer { margin: 0 0 .8rem; max-width: 60rem; } .soft { color: var(--soft); font-size: .9rem; }
.scroll { overflow-x: auto; } svg { display: block; max-width: none; }
ol { padding-left: 1.6rem; max-width: 60rem; } li { margin: .35rem 0; } li.strong::marker { color: var(--strong); }
.key { display: inline-block; width: 1.6rem; height: 0; border-top: 2px solid var(--tie); vertical-align: middle;
  margin: 0 .4rem 0 1.2rem; }
.key.fact { border-color: var(--fact); } .key.synonymy { border-top: 2px dashed var(--synonymy); }
.key.sentence { border-top: 2px dotted var(--tie); } .key.strong { border: 2px solid var(--strong); height: .7rem;
  width: 1rem; border-radius: 3px; }
"""


def answer_page(graph: AnswerGraph, answer: Answer) -> str:
    """One HTML file that loads nothing: the question, the answer, the picture, and the passages as text."""
    boxes = [_box(node) for node in graph.nodes]
    lines = [_line(edge, graph) for edge in graph.edges]
    picture = draw(boxes, lines, list(COLUMNS.values()))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(graph.question)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(graph.question)}</h1>\n{_answer(answer)}\n"
        f'<div class="scroll">\n{picture}\n</div>\n{_legend(graph)}\n{_passages(graph)}\n</body>\n</html>\n'
    )


def to_networkx(graph: AnswerGraph, answer: Answer) -> networkx.Graph[int]:
    """The same graph for other tools: every node with its role, every edge with its weight, kinds and facts."""
    import networkx

    whole: networkx.Graph[int] = networkx.Graph(
        question=xml_safe(graph.question), answer=xml_safe(answer.text)
    )
    for node in graph.nodes:
        told = {"label": xml_safe(node.label), "role": node.role.value, "visits": node.visits}
        told |= {"kind": "entity" if node.rank is None else "passage", "detail": xml_safe(node.detail)}
        if node.rank is not None:
            told |= {"rank": node.rank, "cited": node.is_cited}
        whole.add_node(int(node.node), **told)
    for edge in graph.edges:
        kinds = " ".join(kind.name.lower() for kind in edge.kinds)
        facts = xml_safe("\n".join(edge.facts))
        whole.add_edge(int(edge.left), int(edge.right), weight=edge.weight, kinds=kinds, facts=facts)
    return whole


def _box(node: AnswerNode) -> Box:
    notes = [f"rank {node.rank}", "cited" if node.is_cited else ""] if node.rank is not None else []
    return Box(
        id=int(node.node),
        column=list(COLUMNS).index(node.role),
        kind="entity" if node.rank is None else "passage",
        label=node.label,
        note=" · ".join(note for note in notes if note),
        detail=f"{node.detail}\n{node.visits:.1%} of the walk's visits",
        is_strong=node.is_cited,
    )


def _line(edge: AnswerEdge, graph: AnswerGraph) -> Line:
    labels = {node.node: node.label for node in graph.nodes}
    kind = _drawn_as(edge)
    told = [
        f"{labels[edge.left]} – {labels[edge.right]}",
        f"weight {edge.weight:g}: {', '.join(KINDS[each] for each in edge.kinds)}",
        *edge.facts,
    ]
    return Line(int(edge.left), int(edge.right), edge.weight, kind.name.lower(), "\n".join(told))


def _drawn_as(edge: AnswerEdge) -> EdgeKind:
    """Facts found by rules may weigh nothing, and are shown all the same."""
    if edge.facts:
        return EdgeKind.FACT
    return next((kind for kind in SHOWN if kind in edge.kinds), EdgeKind.MENTION)


def _answer(answer: Answer) -> str:
    if answer.refusal is not None:
        return f'<p class="answer">No answer: {escape(answer.refusal)}</p>'
    words = answer.span or answer.text
    return (
        f'<p class="answer"><strong>{escape(words)}</strong> <span class="soft">{_method(answer)}</span></p>'
    )


def _method(answer: Answer) -> str:
    cited = len(answer.citations)
    return escape(
        f"{answer.method}, confidence {answer.confidence:.2f}, {cited} sentence{'s' if cited != 1 else ''} cited"
    )


def _legend(graph: AnswerGraph) -> str:
    drawn = {_drawn_as(edge) for edge in graph.edges}
    keys = [
        f'<span class="key {kind.name.lower()}"></span>{escape(KINDS[kind])}'
        for kind in EdgeKind
        if kind in drawn
    ]
    if any(node.is_cited for node in graph.nodes):
        keys.append('<span class="key strong"></span>cited by the answer')
    return (
        f'<p class="soft">{"".join(keys)}</p>\n<p class="soft">Thicker lines weigh more. Point at a box or a line for '
        "its details. A passage without a line was found by meaning or words alone. The picture shows what ties the "
        "passages to the question in the graph; their order was decided by more than that.</p>"
    )


def _passages(graph: AnswerGraph) -> str:
    passages = sorted((n for n in graph.nodes if n.rank is not None), key=lambda n: n.rank or 0)
    items = "\n".join(
        f'<li value="{n.rank}"{" class=strong" if n.is_cited else ""}><strong>{escape(n.label)}</strong> '
        f'<span class="soft">{escape(n.role.value)}</span><br>{escape(n.detail)}</li>'
        for n in passages
    )
    return f"<ol>\n{items}\n</ol>"
