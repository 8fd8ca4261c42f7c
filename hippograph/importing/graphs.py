"""Graphs of names: GraphML as other tools write it, and LightRAG's, whose nodes and edges name their chunks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from hippograph.errors import ConnectorError
from hippograph.importing.found import Gathering, Imported, relation_of, text_of
from hippograph.importing.tables import listed, read_rows

LIGHTRAG_GRAPH = "graph_chunk_entity_relation.graphml"
LIGHTRAG_CHUNKS = "kv_store_text_chunks.json"
LABELS = ("label", "name", "entity_id", "title", "id")
RELATIONS = ("relation", "relationship", "label", "predicate", "type", "keywords", "name", "kinds")
TEXTS = ("text", "content", "passage", "chunk")
NO_TEXT = "no text is given for them: GraphML holds the graph alone"


class Edge(NamedTuple):
    """Two nodes and what is told of them."""

    source: str
    target: str
    told: Mapping[str, Any]


def is_lightrag(folder: Path) -> bool:
    """Whether a folder is LightRAG's working directory."""
    return (folder / LIGHTRAG_CHUNKS).is_file()


def read_lightrag(folder: Path) -> Imported:
    """Every chunk as a document, with the entities and relations found in it. Raises ConnectorError."""
    gathering = Gathering("lightrag", folder)
    for row in read_rows(folder / LIGHTRAG_CHUNKS):
        path = text_of(row, "file_path")
        title = "" if path in ("", "unknown_source", "no-file-path") else Path(path).stem
        order = row.get("chunk_order_index")
        owner = row.get("full_doc_id")
        gathering.add_text(
            text_of(row, "id"),
            title,
            text_of(row, "content"),
            document_id=owner,
            chunk_order=order,
            file_path=path,
        )
    if not gathering.documents:
        raise ConnectorError(f"{folder / LIGHTRAG_CHUNKS} holds no chunks.")
    graph = folder / LIGHTRAG_GRAPH
    nodes, edges = read_graphml(graph) if graph.is_file() else _vector_tables(folder)
    _gather_chunks(gathering, nodes, edges)
    vectors = len(list(folder.glob("vdb_*.json")))
    gathering.leave("stores of vectors", "an index embeds with its own model", vectors)
    return gathering.result()


def read_graph_file(path: Path) -> Imported:
    """A GraphML file: nodes with a text are documents; without any, each node that is told of becomes one.

    Such a document holds one sentence a fact, as the graph tells it. Raises ConnectorError.
    """
    nodes, edges = read_graphml(path)
    gathering = Gathering("graphml", path)
    for key, told in nodes.items():
        if text := text_of(told, *TEXTS):
            gathering.add_text(key, _label(key, told), text)
    if gathering.documents:
        _gather_from_text_nodes(gathering, nodes, edges)
    else:
        _write_sentences(gathering, nodes, edges)
    if not gathering.documents:
        raise ConnectorError(f"{path} holds no edges between named nodes, and no texts.")
    return gathering.result()


def read_graphml(path: Path) -> tuple[dict[str, Mapping[str, Any]], list[Edge]]:
    """Nodes by id and edges, with what is told of each. Raises ConnectorError."""
    import networkx

    try:
        graph = networkx.read_graphml(path, force_multigraph=True)
    except (OSError, ParseError, networkx.NetworkXException, ValueError, KeyError) as error:
        raise ConnectorError(f"{path} cannot be read as GraphML: {error}.") from error
    nodes: dict[str, Mapping[str, Any]] = {str(key): dict(told) for key, told in graph.nodes(data=True)}
    return nodes, [Edge(str(a), str(b), dict(told)) for a, b, told in graph.edges(data=True)]


def _vector_tables(folder: Path) -> tuple[dict[str, Mapping[str, Any]], list[Edge]]:
    """LightRAG's entities and relations where its graph is in a database: they stand beside the vectors too."""
    nodes: dict[str, Mapping[str, Any]] = {}
    edges = []
    for row in _vector_rows(folder / "vdb_entities.json"):
        nodes[text_of(row, "entity_name", "entity_id")] = row
    for row in _vector_rows(folder / "vdb_relationships.json"):
        edges.append(Edge(text_of(row, "src_id"), text_of(row, "tgt_id"), row))
    return nodes, edges


def _vector_rows(path: Path) -> list[Mapping[str, Any]]:
    import json

    if not path.is_file():
        return []
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ConnectorError(f"{path} cannot be read: {error}.") from error
    rows = data.get("data") if isinstance(data, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _gather_chunks(gathering: Gathering, nodes: Mapping[str, Mapping[str, Any]], edges: list[Edge]) -> None:
    unknown = "no chunk that is there is told where they were found"
    chunks = {key: listed(told.get("source_id")) for key, told in nodes.items()}
    for key, told in nodes.items():
        if not [chunk for chunk in chunks[key] if gathering.add_name(chunk, _label(key, told))]:
            gathering.leave("entities", unknown)
        gathering.leave("types of entities", "entities have no types here", bool(told.get("entity_type")))
        described = bool(told.get("description"))
        gathering.leave("descriptions of entities", "they sum up many passages and cite none", described)
    for source, target, told in edges:
        both = [chunk for chunk in chunks.get(source, []) if chunk in set(chunks.get(target, []))]
        relation = relation_of(told.get("description"), told.get("keywords"))
        ends = _label(source, nodes.get(source, {})), _label(target, nodes.get(target, {}))
        places = listed(told.get("source_id")) or both
        if not [chunk for chunk in places if gathering.add_fact(chunk, ends[0], relation, ends[1])]:
            gathering.leave("relations", unknown)
        gathering.leave(
            "weights of relations", "weights come from the passages that tell a fact", "weight" in told
        )


def _gather_from_text_nodes(
    gathering: Gathering, nodes: Mapping[str, Mapping[str, Any]], edges: list[Edge]
) -> None:
    """An edge from a text to a thing says that it names it; an edge between things belongs to texts naming both."""
    naming: dict[str, set[str]] = {}
    for source, target, _ in edges:
        for text, thing in ((source, target), (target, source)):
            if text in gathering.documents and thing not in gathering.documents:
                gathering.add_name(text, _label(thing, nodes[thing]))
                naming.setdefault(thing, set()).add(text)
    for source, target, told in edges:
        if source in gathering.documents or target in gathering.documents:
            continue
        stated = [text for text in listed(told.get("source_id")) if text in gathering.documents]
        texts = stated or sorted(naming.get(source, set()) & naming.get(target, set()))
        for text in texts:
            gathering.add_fact(
                text, _label(source, nodes[source]), _relation(told), _label(target, nodes[target])
            )
        if not texts:
            gathering.leave("edges", "no text names both their ends")


def _write_sentences(gathering: Gathering, nodes: Mapping[str, Mapping[str, Any]], edges: list[Edge]) -> None:
    """A document for each node that something is told of: its description, and a sentence an edge."""
    lines: dict[str, list[str]] = {}
    for source, target, told in edges:
        if "passage" in (nodes[source].get("kind"), nodes[target].get("kind")):
            gathering.leave("edges of passages", NO_TEXT)
            continue
        fact = _label(source, nodes[source]), _relation(told), _label(target, nodes[target])
        lines.setdefault(source, []).append(f"{' '.join(fact)}.")
        gathering.add_fact(source, *fact)
        gathering.leave(
            "weights of edges", "weights come from the passages that tell a fact", "weight" in told
        )
    for key, told in nodes.items():
        description = text_of(told, "description", "summary").replace("<SEP>", "\n")
        text = "\n".join([*([description] if description else []), *lines.get(key, [])])
        if text:
            gathering.add_text(key, _label(key, told), text)
            gathering.add_name(key, _label(key, told))
        elif told.get("kind") == "passage":
            gathering.leave("passages", NO_TEXT)


def _label(key: str, told: Mapping[str, Any]) -> str:
    return (text_of(told, *LABELS) or key).strip().strip('"')


def _relation(told: Mapping[str, Any]) -> str:
    return relation_of(*(told.get(name) for name in RELATIONS), told.get("description"))
