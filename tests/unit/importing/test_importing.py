"""Importing: texts and facts of other systems arrive with their provenance, and what stays behind is told."""

import csv
import json

import pytest

from hippograph.errors import ConnectorError
from hippograph.importing import read_import
from hippograph.importing.found import relation_of, title_and_text
from hippograph.importing.tables import listed

ADA = "Ada Lovelace translated an article by Luigi Menabrea."
BO = "Bo Quist sailed to Marren in 1901."


def facts(imported):
    return {r.document: list(r.reading.facts) for r in imported.readings}


def names(imported):
    return {r.document: list(r.reading.names) for r in imported.readings}


def left(imported):
    return {(each.what, each.count) for each in imported.not_carried}


def openie(folder):
    path = folder / "openie_results_ner_some-model.json"
    docs = [
        {
            "idx": "chunk-1",
            "passage": f"Ada Lovelace\n{ADA}",
            "extracted_entities": ["Ada Lovelace", "Luigi Menabrea"],
            "extracted_triples": [["Ada Lovelace", "translated", "Luigi Menabrea"], ["Ada", "was"]],
        },
        {"idx": "chunk-2", "passage": BO, "extracted_entities": ["Bo Quist"], "extracted_triples": []},
        "broken",
    ]
    path.write_text(json.dumps({"docs": docs, "avg_ent_chars": 12.5}), encoding="utf-8")
    return path


@pytest.mark.parametrize("of_folder", [False, True])
def test_hipporag_s_passages_and_triples_are_read(tmp_path, of_folder):
    """From the file or its folder; the title comes off the passage, what is no triple is counted."""
    path = openie(tmp_path)

    imported = read_import(tmp_path if of_folder else path)

    assert [(d.id, d.title, d.text) for d in imported.documents] == [
        ("hipporag:chunk-1", "Ada Lovelace", ADA),
        ("hipporag:chunk-2", "", BO),
    ]
    assert imported.documents[0].uri == f"{path}#chunk-1"
    assert imported.documents[0].metadata == {"imported_from": "hipporag", "imported_id": "chunk-1"}
    assert facts(imported)["hipporag:chunk-1"] == [("Ada Lovelace", "translated", "Luigi Menabrea")]
    assert names(imported)["hipporag:chunk-2"] == ["Bo Quist"]
    assert left(imported) == {("entities and facts", 1), ("passages", 1)}


TABLES = {
    "documents": [{"id": "d1", "title": "ada.txt", "text": ADA + " " + BO, "creation_date": "2025-03-01"}],
    "text_units": [
        {"id": "u1", "text": ADA, "document_ids": ["d1"], "entity_ids": ["e1"]},
        {"id": "u2", "text": BO, "document_ids": ["d1"], "entity_ids": ["e3"]},
    ],
    "entities": [
        {"id": "e1", "title": "ADA LOVELACE", "type": "PERSON", "description": "x", "text_unit_ids": ["u1"]},
        {"id": "e2", "title": "LUIGI MENABREA", "type": "", "description": "", "text_unit_ids": ["u1", "u9"]},
        {"id": "e3", "title": "BO QUIST", "type": "", "description": "", "text_unit_ids": ["u2"]},
        {"id": "e4", "title": "NOBODY", "type": "", "description": "", "text_unit_ids": []},
    ],
    "relationships": [
        {
            "source": "ADA LOVELACE",
            "target": "LUIGI MENABREA",
            "description": "Ada translated Luigi. She did more.",
            "weight": 2.0,
            "text_unit_ids": ["u1"],
        },
        {
            "source": "BO QUIST",
            "target": "NOBODY",
            "description": "met",
            "weight": 1.0,
            "text_unit_ids": [],
        },
    ],
    "community_reports": [{"id": "r1", "title": "All"}],
}


def write_parquet(folder, tables):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra import is not installed")
    import pyarrow

    for stem, rows in tables.items():
        parquet.write_table(pyarrow.Table.from_pylist(rows), folder / f"create_final_{stem}.parquet")


def write_csv(folder, tables):
    for stem, rows in tables.items():
        with (folder / f"{stem}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def write_json(folder, tables):
    for stem, rows in tables.items():
        (folder / f"{stem}.json").write_text(json.dumps(rows), encoding="utf-8")


@pytest.mark.parametrize("write", [write_parquet, write_csv, write_json])
def test_graphrag_s_tables_are_read_in_every_form(tmp_path, write):
    """Entities and relationships go to the text units they are from; each kind that stays behind is counted."""
    (tmp_path / "output").mkdir()
    write(tmp_path / "output", TABLES)

    imported = read_import(tmp_path)

    first, second = imported.documents
    assert (first.id, first.title, first.text) == ("graphrag:u1", "ada.txt", ADA)
    assert first.timestamp.isoformat() == "2025-03-01T00:00:00+00:00"
    assert first.metadata["document_id"] == "d1"
    assert second.text == BO
    assert names(imported) == {"graphrag:u1": ["ADA LOVELACE", "LUIGI MENABREA"], "graphrag:u2": ["BO QUIST"]}
    assert facts(imported)["graphrag:u1"] == [("ADA LOVELACE", "Ada translated Luigi.", "LUIGI MENABREA")]
    assert left(imported) == {
        ("entities", 1),
        ("relationships", 1),
        ("descriptions of entities", 1),
        ("types of entities", 1),
        ("long descriptions of relationships", 1),
        ("weights of relationships", 2),
        ("rows of community_reports", 1),
    }


CHUNKS = {
    "chunk-a": {"content": ADA, "full_doc_id": "doc-1", "chunk_order_index": 0, "file_path": "notes/ada.md"},
    "chunk-b": {"content": BO, "full_doc_id": "doc-1", "chunk_order_index": 1, "file_path": "unknown_source"},
}
NODES = {
    '"ADA LOVELACE"': {"entity_type": "person", "description": "x<SEP>y", "source_id": "chunk-a"},
    "Luigi Menabrea": {"description": "", "source_id": "chunk-a<SEP>chunk-b"},
    "Bo Quist": {"source_id": "chunk-b"},
    "Ghost": {"source_id": "chunk-z"},
}
EDGES = [
    (
        '"ADA LOVELACE"',
        "Luigi Menabrea",
        {"keywords": "translation,article", "source_id": "chunk-a", "weight": 1.0},
    ),
    ("Luigi Menabrea", "Bo Quist", {"description": "Luigi knew Bo."}),
    ("Bo Quist", "Ghost", {"description": "saw"}),
]


def write_graphml(path, nodes, edges):
    import networkx

    graph = networkx.Graph()
    for key, told in nodes.items():
        graph.add_node(key, **told)
    for source, target, told in edges:
        graph.add_edge(source, target, **told)
    networkx.write_graphml(graph, path)


def write_vector_tables(folder, nodes, edges):
    entities = [{"entity_name": key, **told} for key, told in nodes.items()]
    relations = [{"src_id": a, "tgt_id": b, **told} for a, b, told in edges]
    for stem, rows in (("entities", entities), ("relationships", relations)):
        data = {"embedding_dim": 3, "data": rows, "matrix": "AAAA"}
        (folder / f"vdb_{stem}.json").write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize("with_graph", [True, False])
def test_lightrag_s_chunks_and_graph_are_read(tmp_path, with_graph):
    """Each chunk gets what names it as its source; an edge without one goes where both its ends are."""
    (tmp_path / "kv_store_text_chunks.json").write_text(json.dumps(CHUNKS), encoding="utf-8")
    if with_graph:
        write_graphml(tmp_path / "graph_chunk_entity_relation.graphml", NODES, EDGES)
    else:
        write_vector_tables(tmp_path, NODES, EDGES)

    imported = read_import(tmp_path)

    assert [(d.id, d.title, d.text) for d in imported.documents] == [
        ("lightrag:chunk-a", "ada", ADA),
        ("lightrag:chunk-b", "", BO),
    ]
    assert imported.documents[1].metadata["chunk_order"] == 1
    assert names(imported) == {
        "lightrag:chunk-a": ["ADA LOVELACE", "Luigi Menabrea"],
        "lightrag:chunk-b": ["Luigi Menabrea", "Bo Quist"],
    }
    assert facts(imported) == {
        "lightrag:chunk-a": [("ADA LOVELACE", "translation,article", "Luigi Menabrea")],
        "lightrag:chunk-b": [("Luigi Menabrea", "Luigi knew Bo.", "Bo Quist")],
    }
    assert {("entities", 1), ("relations", 1), ("types of entities", 1)} <= left(imported)


def test_graphml_without_texts_is_written_out_in_sentences(tmp_path):
    """Each node with edges is a document of its description and one sentence an edge."""
    path = tmp_path / "graph.graphml"
    nodes = {"n1": {"label": "Ada", "description": "A mathematician."}, "n2": {"label": "Bo"}}
    write_graphml(path, nodes, [("n1", "n2", {"relation": "met", "weight": 3.0})])

    imported = read_import(path)

    (document,) = imported.documents
    assert (document.id, document.title, document.text) == (
        "graphml:n1",
        "Ada",
        "A mathematician.\nAda met Bo.",
    )
    assert facts(imported)["graphml:n1"] == [("Ada", "met", "Bo")]
    assert left(imported) == {("weights of edges", 1)}


def test_graphml_with_texts_keeps_them_as_documents(tmp_path):
    """An edge between two things belongs to the texts that name both."""
    path = tmp_path / "graph.graphml"
    nodes = {
        "p": {"text": ADA, "label": "Ada"},
        "a": {"label": "Ada"},
        "l": {"label": "Luigi"},
        "x": {"label": "X"},
    }
    edges = [
        ("p", "a", {}),
        ("p", "l", {}),
        ("a", "l", {"label": "translated"}),
        ("a", "x", {"label": "hid"}),
    ]
    write_graphml(path, nodes, edges)

    imported = read_import(path)

    assert [(d.title, d.text) for d in imported.documents] == [("Ada", ADA)]
    assert names(imported) == {"graphml:p": ["Ada", "Luigi"]}
    assert facts(imported) == {"graphml:p": [("Ada", "translated", "Luigi")]}
    assert left(imported) == {("edges", 1)}


def test_plain_lines_are_read(tmp_path):
    """The simplest form of an extraction: one JSON line a text."""
    path = tmp_path / "found.jsonl"
    row = {"id": "a", "title": "Ada", "text": ADA, "entities": ["Ada"], "triples": [["Ada", "met", "Bo"]]}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")

    imported = read_import(path)

    assert [(d.id, d.title) for d in imported.documents] == [("jsonl:a", "Ada")]
    assert facts(imported) == {"jsonl:a": [("Ada", "met", "Bo")]}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nothing.txt", "Hello."),
        ("broken.json", "{"),
        ("other.json", '{"docs": 1}'),
        ("broken.graphml", "<graphml><node"),
        ("empty.graphml", "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'><graph/></graphml>"),
        ("rows.jsonl", '{"id": "a"}'),
        ("text_units.csv", "id,text\n1,\n"),
        ("kv_store_text_chunks.json", "[1"),
        ("text_units.parquet", "not parquet"),
    ],
)
def test_what_cannot_be_imported_is_told_in_a_sentence(tmp_path, name, content):
    """The sentence names the path."""
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow.parquet", reason="the extra import is not installed")
    (tmp_path / name).write_text(content, encoding="utf-8")
    whole_folder = name.startswith(("text_units", "kv_store"))

    with pytest.raises(ConnectorError, match=str(tmp_path)):
        read_import(tmp_path if whole_folder else tmp_path / name)


def test_a_path_where_nothing_is(tmp_path):
    """A missing path and an empty folder are told apart."""
    with pytest.raises(ConnectorError, match="does not exist"):
        read_import(tmp_path / "gone")
    with pytest.raises(ConnectorError, match="nothing that can be imported"):
        read_import(tmp_path)


@pytest.mark.parametrize(
    ("value", "items"),
    [
        (["a", 1, None], ["a", "1"]),
        ('["a", "b c"]', ["a", "b c"]),
        ("['a' 'b']", ["a", "b"]),
        ("__import__('os')", ["__import__", "os"]),
        ("a1", ["a1"]),
        ("", []),
        (7, ["7"]),
    ],
)
def test_lists_are_read_and_never_evaluated(value, items):
    """As JSON, as Python prints lists and arrays, or as plain text."""
    assert listed(value) == items


def test_a_relation_is_the_first_short_thing_told():
    """A long description gives way to keywords."""
    assert relation_of("word " * 100, "friends, rivals") == "friends, rivals"
    assert relation_of(None, "") == "is related to"


def test_a_first_line_that_is_a_sentence_is_no_title():
    """Only a short line without a full stop is taken off."""
    assert title_and_text("Ada\nShe met Bo.") == ("Ada", "She met Bo.")
    assert title_and_text("She met Bo.\nThen she left.") == ("", "She met Bo.\nThen she left.")
