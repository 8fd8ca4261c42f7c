"""Tables of any of the usual files: Parquet, CSV, JSON and JSON lines, as rows with lists where lists were meant."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hippograph.errors import ConnectorError, MissingExtra

ENDINGS = (".parquet", ".csv", ".json", ".jsonl", ".ndjson")

Row = Mapping[str, Any]

_ITEM = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,\[\]()'"]+)""")


def find_table(folder: Path, *stems: str) -> Path | None:
    """The file of a table under one of its names, in the order of `stems` and `ENDINGS`."""
    for stem in stems:
        for ending in ENDINGS:
            if (path := folder / f"{stem}{ending}").is_file():
                return path
    return None


def read_rows(path: Path) -> list[Row]:
    """The rows of a table. Raises ConnectorError for a file that is none, MissingExtra for Parquet."""
    try:
        if path.suffix == ".parquet":
            return _parquet(path)
        if path.suffix == ".csv":
            return _csv(path)
        return list(_json(path))
    except (OSError, ValueError, csv.Error) as error:
        raise ConnectorError(f"{path} cannot be read as a table: {error}.") from error


def listed(value: Any) -> list[str]:
    """The items of a list: one, its text in JSON or as Python prints it, or items parted by commas or `<SEP>`.

    Nothing is evaluated.

    >>> listed("['a1', 'b2']"), listed('["a1"]'), listed("a1<SEP>b2"), listed(None)
    (['a1', 'b2'], ['a1'], ['a1', 'b2'], [])
    """
    if value is None:
        return []
    if isinstance(value, str):
        if "<SEP>" in value:
            return [item.strip() for item in value.split("<SEP>") if item.strip()]
        return ["".join(groups) for groups in _ITEM.findall(value)]
    if isinstance(value, list | tuple):
        return [str(item) for item in value if item is not None]
    return [str(value)]


def _parquet(path: Path) -> list[Row]:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingExtra("pyarrow", "import", f"Reading {path.name}") from error
    import pyarrow

    try:
        rows: list[Row] = parquet.read_table(path).to_pylist()
    except pyarrow.ArrowException as error:
        raise ValueError(str(error)) from error
    return rows


def _csv(path: Path) -> list[Row]:
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _json(path: Path) -> Iterator[Row]:
    """A list of rows, rows by their keys, or a row a line."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix in (".jsonl", ".ndjson"):
        whole = [json.loads(line) for line in text.split("\n") if line.strip()]
    else:
        whole = json.loads(text)
    if isinstance(whole, Mapping) and all(isinstance(value, Mapping) for value in whole.values()):
        whole = [{"id": key, **value} for key, value in whole.items()]
    if not isinstance(whole, list):
        raise ValueError("it holds no list of rows")
    yield from (row for row in whole if isinstance(row, Mapping))
