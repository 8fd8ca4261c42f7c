"""An index as a LlamaIndex retriever, for query engines, agents and evaluators made for LlamaIndex."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from hippograph.errors import MissingExtra
from hippograph.types import RankedPassage

try:
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.schema import (
        NodeRelationship,
        NodeWithScore,
        QueryBundle,
        RelatedNodeInfo,
        TextNode,
    )
except ImportError as error:
    raise MissingExtra("llama-index-core", "all", "The LlamaIndex retriever") from error

HIDDEN_FROM_MODELS = ["document_id", "uri", "hop"]
"""Metadata that says nothing about the text: it is left out of prompts and embeddings."""


class Memory(Protocol):
    """What is searched: an opened Hippograph."""

    def search(self, question: str, k: int = 5, method: str | None = None) -> Sequence[RankedPassage]:
        """The k passages that answer best."""
        ...


class HippographRetriever(BaseRetriever):  # type: ignore[misc]
    """Passages as nodes, best first: the node's id is the passage's, its source relationship the document.

    Metadata: title, uri, document_id, timestamp (ISO 8601, empty where unknown) and hop.
    """

    def __init__(self, memory: Memory, k: int = 5, method: str | None = None, **kwargs: Any) -> None:
        """`kwargs` go to BaseRetriever, such as callback_manager and verbose."""
        super().__init__(**kwargs)
        self._memory = memory
        self._k = k
        self._method = method

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._memory.search(query_bundle.query_str, self._k, self._method)
        return [_node(each) for each in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        """In a thread, so that the event loop goes on. LlamaIndex passes the argument by this name."""
        return await asyncio.to_thread(self._retrieve, query_bundle)


def _node(found: RankedPassage) -> NodeWithScore:
    passage = found.passage
    node = TextNode(
        id_=passage.id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={
            "title": passage.title,
            "uri": found.uri,
            "document_id": passage.document,
            "timestamp": found.timestamp.isoformat() if found.timestamp else "",
            "hop": found.hop,
        },
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=passage.document)},
        excluded_llm_metadata_keys=HIDDEN_FROM_MODELS,
        excluded_embed_metadata_keys=HIDDEN_FROM_MODELS,
    )
    return NodeWithScore(node=node, score=found.score)
