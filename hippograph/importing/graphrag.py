"""GraphRAG (Microsoft): its output tables of documents, text units, entities and relationships."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hippograph.errors import ConnectorError
from hippograph.importing.found import Gathering, Imported, relation_of, text_of
from hippograph.importing.tables import find_table, listed, read_rows

UNITS = ("text_units", "create_final_text_units", "base_text_units")
NOT_CARRIED = {
    "communities": "summaries of communities are not facts of a passage",
    "community_reports": "summaries of communities are not facts of a passage",
    "covariates": "claims have no subject, relation and object of their own",
}


def is_graphrag(folder: Path) -> bool:
    """Whether a folder holds GraphRAG's tables."""
    return find_table(folder, *UNITS) is not None


def read_graphrag(folder: Path) -> Imported:
    """Every text unit as a document, with the entities and relationships found in it. Raises ConnectorError."""
    gathering = Gathering("graphrag", folder)
    documents = {text_of(row, "id"): row for row in _table(folder, "documents")}
    for row in _table(folder, *UNITS):
        _add_unit(gathering, row, documents)
    names: dict[str, list[str]] = {}
    for row in _table(folder, "entities"):
        name = text_of(row, "title", "name")
        names[name] = listed(row.get("text_unit_ids"))
        _leave_details(gathering, "entities", row)
        if not [unit for unit in names[name] if gathering.add_name(unit, name)]:
            gathering.leave("entities", "no text unit is told where they were found")
    for row in _table(folder, "relationships"):
        _add_relationship(gathering, row, names)
    for stem, why in NOT_CARRIED.items():
        gathering.leave(f"rows of {stem}", why, len(_table(folder, stem)))
    if not gathering.documents:
        raise ConnectorError(f"{folder} holds no text units with a text.")
    return gathering.result()


def _table(folder: Path, *stems: str) -> list[Mapping[str, Any]]:
    path = find_table(folder, *stems, *(f"create_final_{stem}" for stem in stems))
    return read_rows(path) if path is not None else []


def _add_unit(
    gathering: Gathering, row: Mapping[str, Any], documents: Mapping[str, Mapping[str, Any]]
) -> None:
    owners = listed(row.get("document_ids")) or listed(row.get("document_id"))
    owner = documents.get(owners[0], {}) if owners else {}
    gathering.add_text(
        text_of(row, "id"),
        text_of(owner, "title"),
        text_of(row, "text", "chunk"),
        moment=owner.get("creation_date"),
        document_id=owners[0] if owners else None,
        document_title=owner.get("title"),
    )


def _add_relationship(gathering: Gathering, row: Mapping[str, Any], names: Mapping[str, list[str]]) -> None:
    source, target = text_of(row, "source"), text_of(row, "target")
    both = [unit for unit in names.get(source, []) if unit in set(names.get(target, []))]
    units = listed(row.get("text_unit_ids")) or both
    relation = relation_of(row.get("description"), row.get("type"))
    _leave_details(gathering, "relationships", row)
    if not [unit for unit in units if gathering.add_fact(unit, source, relation, target)]:
        gathering.leave("relationships", "no text unit is told where they were found")


def _leave_details(gathering: Gathering, what: str, row: Mapping[str, Any]) -> None:
    description = str(row.get("description") or "")
    if what == "entities":
        gathering.leave(
            f"descriptions of {what}", "they sum up many passages and cite none", bool(description)
        )
        gathering.leave(f"types of {what}", "entities have no types here", bool(row.get("type")))
    else:
        shortened = bool(description) and relation_of(description) != description.strip()
        gathering.leave(
            f"long descriptions of {what}", "a relation keeps their first short sentence", shortened
        )
        gathering.leave(
            f"weights of {what}", "weights come from the passages that tell a fact", "weight" in row
        )
