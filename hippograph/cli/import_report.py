"""What people and programs read after an import."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from hippograph.cli.show import Screen
from hippograph.importing.found import Imported


def show_import(imported: Imported) -> None:
    """What was carried, and what was not and why."""
    screen = Screen()
    carried = (
        f"From {imported.system} at {imported.path}: {len(imported.documents):,} texts, "
        f"{imported.name_count:,} entities and {imported.fact_count:,} facts in them."
    )
    screen.print(Text.assemble(("✓ ", "green"), carried))
    for left in imported.not_carried:
        screen.print(Text.assemble(("not carried ", "yellow"), f"{left.count:,} {left.what}: {left.why}"))


def import_as_json(imported: Imported) -> dict[str, Any]:
    """The same as data."""
    return {
        "system": imported.system,
        "path": str(imported.path),
        "documents": len(imported.documents),
        "entities": imported.name_count,
        "facts": imported.fact_count,
        "not_carried": [
            {"what": left.what, "count": left.count, "why": left.why} for left in imported.not_carried
        ],
    }
