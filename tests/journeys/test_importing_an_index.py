"""From another system's files to answers: import, search, import again, grow."""

import json
from dataclasses import replace

import networkx
import pytest
from typer.testing import CliRunner

from eval.growth import compare_indexes
from hippograph.cli.app import app
from hippograph.engine import Hippograph, add_documents, verify_index
from hippograph.importing.into_index import import_into
from hippograph.types import Document

PASSAGES = {
    "c1": (
        "Salt Ledger\nThe film was made in the old harbour.",
        [["Salt Ledger", "directed by", "Jorun Vike"]],
    ),
    "c2": (
        "Jorun Vike\nShe was born in the house with the blue door.",
        [["Jorun Vike", "born in", "Marren"]],
    ),
}

NEW = Document("new", "Ida Brankov", "Ida Brankov met Jorun Vike in Vessmouth.")


def write(folder, passages):
    docs = [
        {"idx": key, "passage": text, "extracted_entities": [], "extracted_triples": triples}
        for key, (text, triples) in passages.items()
    ]
    path = folder / "openie_results_ner_model.json"
    path.write_text(json.dumps({"docs": docs}), encoding="utf-8")
    return path


def entities(memory, tmp_path):
    memory.export(tmp_path / "graph.graphml")
    nodes = networkx.read_graphml(tmp_path / "graph.graphml").nodes(data=True)
    return {told["label"].lower() for _, told in nodes if told["kind"] == "entity"}


def test_what_was_imported_can_be_searched(tmp_path, settings, parts):
    """Facts that no sentence tells are in the graph, since the other system found them."""
    path = write(tmp_path, PASSAGES)

    imported, report = import_into(path, tmp_path / "index", settings=settings, parts=parts)

    assert imported.fact_count == 2
    assert report.version.document_count == 2
    assert report.version.fact_count == 2
    with Hippograph.open(tmp_path / "index", settings=settings, parts=parts) as memory:
        found = memory.search("Who directed the Salt Ledger?", k=2)
        assert found[0].passage.document == "hipporag:c1"
        assert {"jorun vike", "marren", "salt ledger"} <= entities(memory, tmp_path)


def test_importing_again_changes_what_changed(tmp_path, settings, parts):
    """Another fact of the same text is taken; what is gone there is gone here; nothing changed is nothing done."""
    folder = tmp_path / "index"
    import_into(write(tmp_path, PASSAGES), folder, settings=settings, parts=parts)
    _, same = import_into(tmp_path / "openie_results_ner_model.json", folder, settings=settings, parts=parts)
    changed = {"c2": (PASSAGES["c2"][0], [["Jorun Vike", "born in", "Ollavar"]])}

    _, report = import_into(write(tmp_path, changed), folder, settings=settings, parts=parts)

    assert not same.is_new
    assert report.version.document_count == 1
    with Hippograph.open(folder, settings=settings, parts=parts) as memory:
        assert "ollavar" in entities(memory, tmp_path)
        assert "marren" not in entities(memory, tmp_path)


def test_what_was_imported_stands_in_for_what_rules_find(tmp_path, settings, parts):
    """The index keeps the shape of its own extractor, so it needs no migration, before or after."""
    folder = tmp_path / "index"
    lite = Hippograph.build([NEW], folder, settings=settings, parts=parts).status()
    _, report = import_into(write(tmp_path, PASSAGES), folder, settings=settings, parts=parts)

    add_documents([replace(NEW, id="newer", title="Newer")], folder, settings=settings, parts=parts)

    assert lite.version.upgraded_count == 0
    assert report.version.upgraded_count == report.upgraded.read == 2
    with Hippograph.open(folder, settings=settings, parts=parts) as memory:
        assert {"marren", "vessmouth", "ida brankov"} <= entities(memory, tmp_path)
        assert memory.status().version.upgraded_count == 2
    assert verify_index(folder) == []


def test_an_index_that_was_imported_into_equals_one_that_was_built_so(tmp_path, settings, parts):
    """Whether documents, imports or both halves of an import came first."""
    half = {"c1": PASSAGES["c1"]}
    one, other = tmp_path / "one", tmp_path / "other"
    import_into(write(tmp_path, half), one, settings=settings, parts=parts)
    add_documents([NEW], one, settings=settings, parts=parts)
    import_into(write(tmp_path, PASSAGES), one, settings=settings, parts=parts)
    Hippograph.build([NEW], other, settings=settings, parts=parts).close()
    import_into(write(tmp_path, PASSAGES), other, settings=settings, parts=parts)

    with (
        Hippograph.open(one, settings=settings, parts=parts) as first,
        Hippograph.open(other, settings=settings, parts=parts) as second,
    ):
        assert compare_indexes(first, second, ["Who directed the Salt Ledger?"]) == []


def test_the_command_tells_what_was_carried_and_what_was_not(tmp_path, environment_without_a_model):
    """As data and in words."""
    bad = {**PASSAGES, "c3": ("Blank\n", [["two", "parts"]])}
    path = write(tmp_path, bad)

    data = CliRunner().invoke(app, ["import", str(path), "--index", str(tmp_path / "i"), "--json", "-q"])
    words = CliRunner().invoke(app, ["import", str(path), "--index", str(tmp_path / "i"), "-q"])

    assert data.exit_code == words.exit_code == 0, data.output
    report = json.loads(data.stdout)
    assert (report["system"], report["documents"], report["facts"]) == ("hipporag", 3, 2)
    assert report["not_carried"][0]["count"] == 1
    assert "2 facts" in words.stdout
    assert "not carried" in words.stdout


@pytest.mark.parametrize("name", ["gone.json", "."])
def test_a_path_without_anything_to_import_ends_in_one_sentence(tmp_path, environment_without_a_model, name):
    """Exit code 1 and no traceback."""
    result = CliRunner().invoke(app, ["import", str(tmp_path / name), "--index", str(tmp_path / "i")])

    assert result.exit_code == 1
    assert str(tmp_path) in result.output
    assert "Traceback" not in result.output
