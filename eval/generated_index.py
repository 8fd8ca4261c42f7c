"""Generated indexes of any size, for searching: their tables are written directly, without the work in progress.

A million passages take minutes so, and hours from sources. Nothing can be added to such an index; it says what one
says that was built from the same documents.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from eval.generated import GeneratedExtractor, generate_documents, generated_parts
from eval.indexes import Progress, shaping_code, user_folder
from hippograph.index_tables import IndexTables
from hippograph.indexing import shape_of
from hippograph.ports import Parts
from hippograph.settings import Settings
from hippograph.storage.grow import DocumentState, grow
from hippograph.storage.manifest import MANIFEST_NAME, Manifest, write_manifest
from hippograph.tables import Files
from hippograph.types import (
    Document,
    IndexVersion,
    Passage,
    PassageId,
    Sentence,
    VersionId,
    content_id,
)
from hippograph.vectors import Steps, to_steps

AT_ONCE = 4000
BETWEEN_SENTENCES = re.compile(r"(?<=[a-z0-9]\.) (?=[A-Z])")
"""Generated sentences end so; an initial does not."""
PUBLISHED = datetime(2026, 1, 1, tzinfo=UTC)


def searching_settings(settings: Settings) -> Settings:
    """Without synonyms, which take all pairs of names: millions of them."""
    return settings.model_copy(update={"graph": settings.graph.model_copy(update={"synonymy_weight": 0.0})})


def generated_folder(size: int, settings: Settings) -> Path:
    """Where the index of that size is kept: in the user's cache, by what shapes it."""
    shape = content_id(
        str(size), settings.index_fingerprint(settings.models.model_dump_json()), shaping_code()
    )
    return user_folder() / f"searched-{size}-{shape[:12]}"


def write_generated_index(folder: Path, size: int, settings: Settings, progress: Progress) -> Parts:
    """Make an index of so many passages where there is none yet; gives the parts to open it with."""
    settings = searching_settings(settings)
    parts, extractor = generated_parts(settings), GeneratedExtractor()
    if (folder / MANIFEST_NAME).exists():
        return parts
    into = folder / "tables" / uuid.uuid4().hex[:12]
    into.mkdir(parents=True)
    tables = IndexTables(Files(into), parts.embedder.dimension)
    tables.make_room(size)

    def steps_of(texts: Sequence[str]) -> Steps:
        return to_steps(parts.embedder.embed_passages(texts))

    done = 0
    for batch in _batches(generate_documents(0, size)):
        passages = [_passage(document) for document in batch]
        extractions = list(extractor.extract(passages))
        states = [
            DocumentState(document.id, document, [passage], [extraction])
            for document, passage, extraction in zip(batch, passages, extractions, strict=True)
        ]
        grow(tables, states, settings.graph, steps_of)
        done += len(batch)
        progress("writing", done, size)
    tables.prepare(parts.vectors)
    tables.files.commit()
    write_manifest(folder, _manifest(tables, parts, settings, f"tables/{into.name}"))
    tables.files.close()
    return parts


def _batches(documents: Iterator[Document]) -> Iterator[list[Document]]:
    while batch := list(islice(documents, AT_ONCE)):
        yield batch


def _passage(document: Document) -> Passage:
    """A generated document is one passage, whose sentences end with a full stop."""
    sentences, start = [], 0
    for gap in (*BETWEEN_SENTENCES.finditer(document.text), None):
        end = gap.start() if gap else len(document.text)
        sentences.append(Sentence(document.text[start:end], start, end))
        start = gap.end() if gap else end
    return Passage(
        id=PassageId(f"{document.id}-0"),
        document=document.id,
        title=document.title,
        heading="",
        text=document.text,
        start=0,
        end=len(document.text),
        position=0,
        sentences=tuple(sentences),
    )


def _manifest(tables: IndexTables, parts: Parts, settings: Settings, place: str) -> Manifest:
    counts = tables.counts
    return Manifest(
        version=IndexVersion(
            id=VersionId(f"generated-{tables.passage_count}"),
            number=1,
            published_at=PUBLISHED,
            document_count=counts["documents"],
            passage_count=tables.passage_count,
            entity_count=counts["entities"],
            fact_count=counts["facts"],
            edge_count=tables.edges.entry_count // 2,
            failure_count=0,
            upgraded_count=0,
        ),
        tables=place,
        lengths=dict(tables.files.lengths),
        states=dict(tables.files.states),
        parts=shape_of(parts, settings),
        settings=settings.model_dump(mode="json", include={"passage", "extraction", "graph", "models"}),
        dimension=tables.dimension,
        failures=(),
        kept=(),
    )
