"""What programs read: one JSON document a command, with names that stay."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from hippograph.cli.times import interval_record
from hippograph.engine import IndexStatus, KeptVersion
from hippograph.indexing import IndexReport
from hippograph.types import Answer, Citation, IndexVersion, RankedPassage, SearchTrace, Timeline, Usage
from hippograph.upgrading import Upgraded
from hippograph.working_memory.log import log_records


def print_json(record: Any) -> None:
    """Write one JSON document to standard output, in ASCII, which any encoding can carry."""
    sys.stdout.write(json.dumps(record, allow_nan=False, indent=2) + "\n")
    sys.stdout.flush()


def passage(found: RankedPassage) -> dict[str, Any]:
    """One result of a search."""
    return {
        "rank": found.rank,
        "passage_id": found.passage.id,
        "document_id": found.passage.document,
        "title": found.passage.title,
        "heading": found.passage.heading,
        "text": found.passage.text,
        "score": found.score,
        "hop": found.hop,
        "uri": found.uri,
        "timestamp": _moment(found.timestamp),
        "reasons": [{"kind": r.kind.value, "text": r.text, "rank": r.rank} for r in found.reasons],
    }


def answer(given: Answer) -> dict[str, Any]:
    """An answer with everything it rests on."""
    return {
        "question": given.question,
        "text": given.text,
        "span": given.span,
        "citations": [_citation(each) for each in given.citations],
        "refusal": given.refusal,
        "confidence": given.confidence,
        "method": given.method,
        "passages": [passage(each) for each in given.passages],
        "trace": trace(given.trace),
        "usage": usage(given.usage),
        "sentences": [
            {
                "text": each.text,
                "citations": [given.citations.index(cited) for cited in each.citations],
                "quotes": [
                    {"document_id": q.document, "text": q.text, "start": q.start, "end": q.end}
                    for q in each.quotes
                ],
            }
            for each in given.sentences
        ],
        "data": given.data,
        **({"timelines": [_timeline(each) for each in given.timelines]} if given.timelines else {}),
        **({"intervals": [interval_record(each) for each in given.intervals]} if given.intervals else {}),
    }


def index_report(report: IndexReport, folder: Path) -> dict[str, Any]:
    """What an index run did."""
    changes = report.changes
    return {
        "index": str(folder),
        "version": version(report.version),
        "is_new_version": report.is_new,
        "added": list(changes.added),
        "changed": list(changes.changed),
        "deleted": list(changes.deleted),
        "unchanged_count": changes.unchanged,
        "skipped": [{"uri": each.uri, "reason": each.reason} for each in changes.failures],
        "unread_passages": list(report.passage_failures),
        "upgraded": _upgraded(report.upgraded),
        "usage": usage(report.usage),
    }


def usage(usage: Usage) -> dict[str, Any]:
    """What work cost."""
    return {
        "llm_calls": usage.llm_calls,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost": usage.cost,
    }


def status(found: IndexStatus) -> dict[str, Any]:
    """What an index holds."""
    return {
        "index": found.folder,
        "version": version(found.version),
        "embedder": found.embedder,
        "bytes_on_disk": found.bytes_on_disk,
        "unread_passages": list(found.failures),
        "sources": dict(found.stage.sources) if found.stage else None,
        "pending_documents": found.stage.pending if found.stage else None,
        "ranker": found.ranker,
    }


def kept_version(kept: KeptVersion) -> dict[str, Any]:
    """A version that is kept, and whether it is the visible one."""
    return {**version(kept.version), "is_visible": kept.is_visible}


def version(version: IndexVersion) -> dict[str, Any]:
    """What one version holds."""
    return {
        "id": version.id,
        "number": version.number,
        "published_at": _moment(version.published_at),
        "document_count": version.document_count,
        "passage_count": version.passage_count,
        "entity_count": version.entity_count,
        "fact_count": version.fact_count,
        "edge_count": version.edge_count,
        "failure_count": version.failure_count,
        "upgraded_count": version.upgraded_count,
    }


def _upgraded(upgraded: Upgraded | None) -> dict[str, Any] | None:
    if upgraded is None:
        return None
    return {
        "read": upgraded.read,
        "refused": upgraded.refused,
        "left": upgraded.left,
        "why_left": upgraded.why_left,
    }


def _timeline(told: Timeline) -> dict[str, Any]:
    entries = [
        {"timestamp": _moment(each.moment), "is_retrieved": each.is_retrieved, **_citation(each.citation)}
        for each in told.entries
    ]
    relations = [
        {"relation": relation.value, "why": why}
        for relation, why in zip(told.relations, told.why, strict=True)
    ]
    return {"entries": entries, "relations": relations, "refined": told.refined}


def _citation(cited: Citation) -> dict[str, Any]:
    return {
        "passage_id": cited.passage,
        "document_id": cited.document,
        "title": cited.title,
        "uri": cited.uri,
        "sentence": cited.sentence,
        "start": cited.start,
        "end": cited.end,
    }


def trace(went: SearchTrace) -> dict[str, Any]:
    """How a search went."""
    seeds = went.seeds
    return {
        "method": went.method,
        "seeds": {
            "entities": [{"name": s.name, "weight": s.weight, "reason": s.reason} for s in seeds.entities],
            "passages": [{"name": s.name, "weight": s.weight, "reason": s.reason} for s in seeds.passages],
            "facts": list(seeds.facts),
        },
        "fallback": went.fallback,
        "warnings": list(went.warnings),
        "queries": list(went.queries),
        "notes": list(went.notes),
        "walk": [{"edges": s.edges, "mass": round(s.mass, 6), "nodes": s.nodes} for s in went.walk],
        "timings_ms": {step: round(spent, 3) for step, spent in went.timings_ms.items()},
        **({"refreshes": log_records(went.refreshes)} if went.refreshes else {}),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
