"""The LlamaIndex retriever, driven by LlamaIndex itself."""

import asyncio

import pytest

from hippograph import toy

pytest.importorskip("llama_index.core")

QUESTION = "Who designed the Analytical Engine?"


@pytest.fixture
def retriever(toy_index):
    from hippograph.adapters.llama_index_retriever import HippographRetriever

    return HippographRetriever(toy_index, k=3)


def test_nodes_are_the_passages_of_a_search(retriever, toy_index):
    """Ids, texts, scores and their order are those of `search`."""
    found = toy_index.search(QUESTION, k=3)
    nodes = retriever.retrieve(QUESTION)

    assert [(node.node_id, node.text, node.score) for node in nodes] == [
        (each.passage.id, each.passage.text, each.score) for each in found
    ]


def test_a_node_knows_where_it_is_from(retriever):
    """Title, URI, document, time and hop travel as metadata, the document as source relationship."""
    from llama_index.core.schema import NodeRelationship

    node = next(node for node in retriever.retrieve(QUESTION) if node.metadata["document_id"] == "babbage")

    assert node.metadata == {
        "title": "Charles Babbage",
        "uri": "toy:babbage",
        "document_id": "babbage",
        "timestamp": toy.WRITTEN.isoformat(),
        "hop": 1,
    }
    assert node.node.relationships[NodeRelationship.SOURCE].node_id == "babbage"


def test_retrieving_asynchronously_gives_the_same(retriever):
    """`aretrieve` runs in a thread and returns what `retrieve` returns."""
    awaited = asyncio.run(retriever.aretrieve(QUESTION))

    assert [node.node_id for node in awaited] == [node.node_id for node in retriever.retrieve(QUESTION)]


def test_a_query_engine_answers_from_the_passages(retriever):
    """LlamaIndex's own RetrieverQueryEngine hands the found passages to its model."""
    from llama_index.core.llms import MockLLM
    from llama_index.core.query_engine import RetrieverQueryEngine

    response = RetrieverQueryEngine.from_args(retriever, llm=MockLLM()).query(QUESTION)

    assert [node.node_id for node in response.source_nodes] == [
        n.node_id for n in retriever.retrieve(QUESTION)
    ]
    assert "He designed the Analytical Engine." in str(response)
