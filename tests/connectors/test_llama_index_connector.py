"""LlamaIndex readers as sources."""

from datetime import UTC, datetime

import pytest

from hippograph.errors import ConnectorError, SourceUnavailable
from hippograph.types import Document, content_id

pytest.importorskip("llama_index.core", reason="needs llama-index-core")

from llama_index.core import SimpleDirectoryReader
from llama_index.core.readers import StringIterableReader
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from connectors.llama_index_reader import LlamaIndexConnector


class Pages(BaseReader):
    """A reader of given pages, one after the other, that may fail half-way."""

    def __init__(self, *pages, error=None):
        self.pages, self.error, self.given = pages, error, 0

    def lazy_load_data(self, first=0):
        for page in self.pages[first:]:
            self.given += 1
            yield page
        if self.error:
            raise self.error


def test_a_readers_document_becomes_ours():
    """Its id, its text without the metadata, and what the metadata says of title, moment and address."""
    page = LlamaDocument(
        text="a\r\nb",
        id_="p/1",
        metadata={
            "title": "A\npage",
            "url": "https://x/1",
            "last_edited": "x",
            "updated_at": "2026-01-05",
            "tags": ["a"],
        },
    )

    (document,) = LlamaIndexConnector(Pages(page), "wiki").documents()

    assert document == Document(
        id="p/1",
        title="A page",
        text="a\nb",
        uri="https://x/1",
        timestamp=datetime(2026, 1, 5, tzinfo=UTC),
        metadata={
            "title": "A\npage",
            "url": "https://x/1",
            "last_edited": "x",
            "updated_at": "2026-01-05",
            "tags": '["a"]',
        },
    )


def test_an_id_left_to_chance_is_made_from_the_content():
    """A reader that names nothing gives the same documents the second time."""
    connector = LlamaIndexConnector(StringIterableReader(), "texts", texts=["one", "two", "one"])
    first, second = list(connector.documents()), list(connector.documents())

    assert first == second
    assert [item.id for item in first[:2]] == [content_id("", "one"), content_id("", "two")]
    assert "says the same" in first[2].reason


def test_a_folder_reader_gives_the_files_under_their_paths(tmp_path):
    """LlamaIndex's own reader, with its own ids; reading a file again changes nothing."""
    (tmp_path / "a.txt").write_text("It rained.")
    reader = SimpleDirectoryReader(str(tmp_path), filename_as_id=True)

    (document,) = LlamaIndexConnector(reader, "folder").documents()

    assert (document.id, document.title, document.text) == (str(tmp_path / "a.txt"), "a.txt", "It rained.")
    assert document.uri.startswith("llama_index:folder#")
    assert document.metadata["file_type"] == "text/plain"
    assert "last_accessed_date" not in document.metadata


def test_documents_are_read_one_by_one():
    """A lazy reader is not emptied before the first document is used."""
    reader = Pages(*(LlamaDocument(text=str(number), id_=str(number)) for number in range(5)))

    items = LlamaIndexConnector(reader, "wiki", first=2).documents()

    assert next(items).id == "2"
    assert reader.given == 1


def test_a_reader_without_the_lazy_method_is_read_at_once():
    """Older readers have load_data only."""

    class Old(BaseReader):
        def load_data(self):
            return [LlamaDocument(text="old", id_="1")]

    (document,) = LlamaIndexConnector(Old(), "old").documents()

    assert document.text == "old"


def test_since_leaves_out_what_is_known_to_be_older():
    """Documents without a moment are given."""
    pages = [
        LlamaDocument(text=name, id_=name, metadata=metadata)
        for name, metadata in (("old", {"date": "2026-01-01"}), ("new", {"date": "2026-01-03"}), ("none", {}))
    ]

    found = LlamaIndexConnector(Pages(*pages), "wiki").documents(datetime(2026, 1, 2, tzinfo=UTC))

    assert [document.id for document in found] == ["new", "none"]


def test_a_document_without_text_is_told(tmp_path):
    """Under the URI that its document would have."""
    (failure,) = LlamaIndexConnector(Pages(LlamaDocument(text=" ", id_="a b")), "wiki").documents()

    assert failure.uri == "llama_index:wiki#a%20b"
    assert "no text" in failure.reason


@pytest.mark.parametrize("error", [OSError("no route\nto host"), KeyError("token"), RuntimeError("x")])
def test_a_reader_that_fails_half_way_is_an_error(error):
    """Whatever it raises: the documents it did not reach have not been deleted."""
    documents = LlamaIndexConnector(Pages(LlamaDocument(text="x", id_="1"), error=error), "wiki").documents()
    next(documents)

    with pytest.raises(ConnectorError, match="Pages cannot read llama_index:wiki"):
        next(documents)


def test_what_is_no_reader_is_refused():
    """So is a source without a name."""
    with pytest.raises(ConnectorError, match="no load_data"):
        LlamaIndexConnector(object(), "x")
    with pytest.raises(ConnectorError, match="Name the source"):
        LlamaIndexConnector(Pages(), " ")


def test_a_service_that_does_not_answer_may_be_back_later():
    """Whatever the reader's library calls it, and however deep; other errors are not worth another try."""

    class ReadTimeout(Exception):
        pass

    wrapped = RuntimeError("the reader failed")
    wrapped.__cause__ = ReadTimeout("no answer")
    for error, kind in ((wrapped, SourceUnavailable), (ValueError("no such page"), ConnectorError)):
        with pytest.raises(ConnectorError) as caught:
            list(LlamaIndexConnector(Pages(error=error), "wiki").documents())
        assert type(caught.value) is kind
