"""Conflicts on a terminal and for programs: each claim with its sides, the newest first, none chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from hippograph.cli.show import Screen, readable_uri
from hippograph.types import Conflict, ConflictSide


def show_conflicts(conflicts: Sequence[Conflict]) -> None:
    """Claim by claim, side by side, as many sentences of each."""
    screen = Screen()
    screen.print()
    if not conflicts:
        screen.print(Text("No document says otherwise.", style="dim"))
    for conflict in conflicts:
        screen.print(Text.assemble(("documents differ  ", "bold yellow"), conflict.claim))
        for side in conflict.sides:
            screen.print(Padding(_side(side), (0, 0, 0, 4)))


def conflict_records(conflicts: Sequence[Conflict]) -> list[dict[str, Any]]:
    """Conflicts for programs."""
    return [
        {
            "claim": each.claim,
            "sides": [
                {
                    "why": side.why,
                    "documents": side.documents,
                    "newest": side.newest.isoformat() if side.newest else None,
                    "sentences": [
                        {
                            "document_id": cited.document,
                            "sentence": cited.sentence,
                            "timestamp": moment.isoformat() if moment else None,
                            "start": cited.start,
                            "end": cited.end,
                        }
                        for cited, moment in zip(side.citations, side.moments, strict=True)
                    ],
                }
                for side in each.sides
            ],
        }
        for each in conflicts
    ]


def _side(side: ConflictSide) -> Group:
    noun = "document" if side.documents == 1 else "documents"
    lines = [Text.assemble((f"{side.documents} {noun}  ", "bold"), (side.why, "dim"))]
    for cited, moment in zip(side.citations, side.moments, strict=True):
        dated = str(moment.date()) if moment else "undated"
        source = readable_uri(cited.uri) or str(cited.document)
        told = " ".join(cited.sentence.split())
        lines.append(Text.assemble((f"{dated}  ", "cyan"), told, (f"  {source}", "dim")))
    return Group(*lines)
