"""What a run leaves behind in Prefect: a table, a report to read, and an event when a version was published."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.events import emit_event

from flows.corpus import Corpus
from hippograph.types import DocumentId, IndexVersion, SourceFailure, Usage
from hippograph.upgrading import Upgraded

PUBLISHED = "hippograph.index.published"
"""The event that says that a new version can be read."""
MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run of the flow did."""

    version: IndexVersion
    is_new: bool
    """Whether a version was published; False when the one there already holds exactly this."""
    added: tuple[DocumentId, ...]
    changed: tuple[DocumentId, ...]
    deleted: tuple[DocumentId, ...]
    unchanged: int
    skipped: tuple[SourceFailure, ...]
    """What could not become a document of its own, and why."""
    passage_failures: tuple[str, ...]
    """Passages without facts, and why."""
    usage: Usage
    step_seconds: Mapping[str, float]
    """How long each step took, Prefect's part included."""
    upgraded: Upgraded | None = None
    """What came of the passages that a language model was to read; None in the lite grade."""


def leave_report(corpus: Corpus, report: RunReport) -> None:
    """The table, the report to read, and the event."""
    create_table_artifact([table_row(report)], f"{corpus.key}-changes", f"What a run on {corpus.label} did")
    create_markdown_artifact(
        markdown_of(corpus, report), f"{corpus.key}-report", f"The last run on {corpus.label}"
    )
    if report.is_new:
        emit_event(PUBLISHED, resource_of(corpus), payload=payload_of(corpus, report))


def leave_complaint(corpus: Corpus, error: Exception) -> None:
    """The report of a run that failed."""
    words = (
        f"# {_plain(corpus.label)}\n\nThe run failed: {_plain(str(error))}\n\n"
        "What was published before is untouched, and the next run carries on from what was finished."
    )
    create_markdown_artifact(words, f"{corpus.key}-report", f"The last run on {corpus.label}")


def table_row(report: RunReport) -> dict[str, Any]:
    """The run in one row."""
    return {
        "version": report.version.number,
        "published": "yes" if report.is_new else "no",
        "added": len(report.added),
        "changed": len(report.changed),
        "deleted": len(report.deleted),
        "unchanged": report.unchanged,
        "skipped": len(report.skipped),
        "unread passages": len(report.passage_failures),
        "upgraded": report.upgraded.read if report.upgraded else 0,
        "tokens": report.usage.prompt_tokens + report.usage.completion_tokens,
        "cost": round(report.usage.cost, 4),
        "seconds": round(sum(report.step_seconds.values()), 1),
    }


def markdown_of(corpus: Corpus, report: RunReport) -> str:
    """The run, to read: what changed, what was skipped and why, what it cost and how long each step took."""
    version, usage = report.version, report.usage
    said = (
        f"Version {version.number} is published."
        if report.is_new
        else f"Nothing changed: version {version.number} stays."
    )
    lines = [
        f"# {_plain(corpus.label)}",
        f"{said} It holds {version.document_count:,} documents, {version.passage_count:,} passages, "
        f"{version.entity_count:,} entities, {version.fact_count:,} facts and {version.edge_count:,} edges.",
        *_names("Added", report.added),
        *_names("Changed", report.changed),
        *_names("Deleted", report.deleted),
        *_names("Skipped", [f"{each.uri}: {each.reason}" for each in report.skipped]),
        *_names("Passages without facts", report.passage_failures),
        *_upgraded(report.upgraded),
        f"Unchanged: {report.unchanged:,}. Model calls: {usage.llm_calls:,}; tokens: {usage.prompt_tokens:,} "
        f"in, {usage.completion_tokens:,} out; cost: {usage.cost:.4f}.",
        "| step | seconds |\n|---|---|\n"
        + "\n".join(f"| {step} | {seconds:.1f} |" for step, seconds in report.step_seconds.items()),
    ]
    return "\n\n".join(lines)


def resource_of(corpus: Corpus) -> dict[str, str]:
    """What the event is about, as automations match it."""
    return {
        "prefect.resource.id": f"hippograph.index.{corpus.key}",
        "prefect.resource.name": corpus.label,
        "prefect.resource.role": "index",
    }


def payload_of(corpus: Corpus, report: RunReport) -> dict[str, Any]:
    """What an automation may want to know of a new version."""
    version = report.version
    return {
        "index": str(corpus.index),
        "version": version.number,
        "version_id": version.id,
        "published_at": version.published_at.isoformat(),
        "document_count": version.document_count,
        "passage_count": version.passage_count,
        **table_row(report),
    }


def _upgraded(upgraded: Upgraded | None) -> list[str]:
    if upgraded is None:
        return []
    why = f", because {_plain(upgraded.why_left)}" if upgraded.why_left else ""
    left = f"; {upgraded.left:,} are left for the next run{why}" if upgraded.left else ""
    return [f"The model read {upgraded.read:,} passages and could not read {upgraded.refused:,}{left}."]


def _names(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    listed = "\n".join(f"- {_plain(name)}" for name in names[:MOST_NAMES])
    more = f"\n- … and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return [f"## {title}: {len(names):,}", listed + more]


def _plain(text: str) -> str:
    """Text of a source's own making, so that none of it acts as Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|!&~])", r"\\\1", " ".join(text.split()))
