"""Checking a text from the command line: claim by claim, with the sentence that decides."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hippograph.checking import check_text
from hippograph.cli.exits import wrong_call
from hippograph.cli.show import Screen, readable_uri
from hippograph.engine import Hippograph
from hippograph.settings import Settings
from hippograph.storage.manifest import read_manifest
from hippograph.types import CheckedClaim, CheckReport, VerdictKind
from hippograph.wiring import build_generator, build_verifier

LARGEST_FILE = 20_000_000
"""Bytes; a larger file is no text to check at once."""

MARKS = {
    VerdictKind.SUPPORTED: ("supported", "bold green"),
    VerdictKind.REFUTED: ("refuted", "bold red"),
    VerdictKind.NOT_ENOUGH_EVIDENCE: ("not enough evidence", "bold yellow"),
}


def read_text(given: str) -> str:
    """The text itself, that of the file it names, or standard input for "-". Raises typer.BadParameter."""
    if given == "-":
        return sys.stdin.read()
    file = Path(given)
    try:
        if not file.is_file():
            return given
        if file.stat().st_size > LARGEST_FILE:
            raise wrong_call("TEXT", f"{file} is larger than {LARGEST_FILE:,} bytes: check it in parts.")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise wrong_call("TEXT", f"{file} is not text in UTF-8.") from None
    except (OSError, ValueError):  # too long for a path, or with a zero in it: it is the text
        return given


def open_with_verifier(folder: Path, verifier: str | None) -> Hippograph:
    """The index with the settings it was made with, but for who checks. Raises SettingsError, IndexNotFound."""
    settings = Settings.recorded(read_manifest(folder).settings)
    if verifier is not None:
        models = settings.models.model_copy(update={"verifier": verifier})
        settings = settings.model_copy(update={"models": models})
    return Hippograph.open(folder, settings=settings)


def check(memory: Hippograph, text: str, topic: str = "") -> CheckReport:
    """Check a text by the verifier the settings name. Raises QuestionError for a text without a word."""
    generator = build_generator(memory.settings)
    verifier = build_verifier(memory.settings, memory.embedder, generator)
    return check_text(text, memory, verifier, memory.settings.check, topic)


def check_record(report: CheckReport) -> dict[str, Any]:
    """A report for programs."""
    return {
        "verdict": report.verdict().value,
        "verifier": report.verifier,
        "precision": report.precision(),
        **{kind.value: report.count(kind) for kind in VerdictKind},
        "claims": [_claim_record(each) for each in report.claims],
        "skipped": [
            {"text": each.text, "start": each.start, "end": each.end, "reason": each.reason}
            for each in report.skipped
        ],
        "unread_characters": report.unread_characters,
    }


def _claim_record(checked: CheckedClaim) -> dict[str, Any]:
    claim, verdict, cited = checked.claim, checked.verdict, checked.verdict.citation
    return {
        "text": claim.text,
        "sentence": claim.sentence,
        "start": claim.start,
        "end": claim.end,
        "subject": claim.subject,
        "hedge": claim.hedge,
        "verdict": verdict.kind.value,
        "why": verdict.why,
        "confidence": verdict.confidence,
        "failure": checked.failure,
        "citation": cited
        and {
            "passage_id": cited.passage,
            "document_id": cited.document,
            "title": cited.title,
            "uri": cited.uri,
            "sentence": cited.sentence,
            "start": cited.start,
            "end": cited.end,
        },
        "passages": [
            {"passage_id": each.passage.id, "document_id": each.passage.document} for each in checked.passages
        ],
    }


def show_check(report: CheckReport) -> None:
    """Each claim with its verdict, why, and the sentence that decides; then the count of each."""
    screen = Screen()
    for checked in report.claims:
        screen.print(_claim_block(checked))
    for each in report.skipped:
        text = " ".join(each.text.split())
        screen.print(Text(f"Not a claim, {each.reason}: {text}", style="dim"))
    if report.unread_characters:
        screen.print(Text(f"The last {report.unread_characters:,} characters were not read.", style="yellow"))
    screen.print(Text(_summary(report), style="bold" if report.claims else "yellow"))


def _claim_block(checked: CheckedClaim) -> RenderableType:
    word, style = MARKS[checked.verdict.kind]
    if checked.failure is not None:
        word = "not checked"
    lines: list[RenderableType] = [Text.assemble((word, style), "  ", checked.claim.text)]
    below: list[RenderableType] = [Text(checked.verdict.why, style="dim")]
    if checked.claim.hedge:
        below.append(Text(f'Left out of the claim: "{checked.claim.hedge}".', style="dim"))
    if cited := checked.verdict.citation:
        uri = readable_uri(cited.uri)
        below.append(Text(" ".join(cited.sentence.split())))
        below.append(Text("  ".join(filter(None, (cited.title or str(cited.document), uri))), style="cyan"))
    return Group(*lines, Padding(Group(*below), (0, 0, 1, 4)))


def _summary(report: CheckReport) -> str:
    if not report.claims:
        return "Nothing here can be checked: no sentence states anything."
    counts = [f"{report.count(kind)} {MARKS[kind][0]}" for kind in VerdictKind]
    noun = "claim" if len(report.claims) == 1 else "claims"
    return f"{len(report.claims)} {noun}: {', '.join(counts)}."
