"""The flow gives what the plain function gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from hippograph.engine import Hippograph

prefect = pytest.importorskip("prefect", reason="the flows extra is not installed")
pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module", autouse=True)
def server():
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def offline(monkeypatch):
    for part, name in (("EMBEDDER", "hashing"), ("VECTORS", "numpy"), ("SPLITTER", "plain")):
        monkeypatch.setenv(f"HIPPOGRAPH_MODELS__{part}", name)


def write(folder: Path, **texts: str) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text)


def test_the_flow_publishes_what_changed(tmp_path, offline):
    """A first run publishes version one; after a change and a deletion, version two holds what is there."""
    from flows.index_corpus import Corpus, index_corpus

    source, index = tmp_path / "notes", tmp_path / "index"
    corpus = Corpus(sources=[str(source)], index=index)
    write(
        source,
        ada="# Ada\n\nAda Berg built the Orrin mill.",
        mill="# Orrin mill\n\nThe Orrin mill stands in Vale.",
    )
    first = index_corpus(corpus)
    write(source, ada="# Ada\n\nAda Berg built the Tamsin bridge.")
    (source / "mill.md").unlink()
    second = index_corpus(corpus)

    assert (first.number, first.document_count) == (1, 2)
    assert (second.number, second.document_count) == (2, 1)
    with Hippograph.open(index) as memory:
        assert "Tamsin" in memory.search("What did Ada Berg build?")[0].passage.text


def test_an_error_that_may_pass_is_retried_and_another_is_not():
    """Only errors that say so themselves are worth another try."""
    from flows.index_corpus import may_help
    from hippograph.errors import IndexDamaged, PublishConflict

    class Failed:
        def __init__(self, error):
            self.error = error

        def result(self, raise_on_failure):
            return self.error

    assert may_help(None, None, Failed(PublishConflict("held")))
    assert not may_help(None, None, Failed(IndexDamaged("torn")))
