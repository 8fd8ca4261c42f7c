"""Tables (csv, tsv): a row is a document whose text is one "column: value" line for each filled cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from connectors.moments import parse_moment
from connectors.parsers.decoding import detect_encoding
from connectors.parsers.entries import BrokenEntry, Entry, Scalar, UnreadableFile, one_line, storable

LONGEST_CELL = 1 << 26
DELIMITERS = ",;\t|"
"""Where the header holds as many of two, the earlier one is the delimiter."""
TITLE_COLUMNS = ("title", "name")
MOMENT_COLUMNS = ("timestamp", "date")


def read_table(stream: BinaryIO) -> Iterator[Entry | BrokenEntry]:
    """An entry for each row under the header line.

    A row is known by its `id` column, else by its number, counted from 1 under the header. Its title is its
    `title` or `name` column, else its first column that is not the id. A `timestamp` or `date` column dates
    it.
    """
    encoding = detect_encoding(stream)
    lines = io.TextIOWrapper(stream, encoding=encoding.name, newline="")
    # The limit belongs to the whole process; the module's default of 128 KiB would lose rows with long texts.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    delimiter = _delimiter(lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header = _header(reader)
    metadata = encoding.metadata()
    number = 0
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield BrokenEntry(
                f"The row at line {line} is not a table row ({error}). Correct it.", f"line={line}"
            )
            continue
        if not cells:
            continue
        number += 1
        yield _entry(header, cells, number, metadata) or BrokenEntry(
            f"The row at line {line} has no text. Fill it or delete it.", f"line={line}"
        )


def _delimiter(lines: io.TextIOWrapper) -> str:
    header = lines.readline(LONGEST_CELL)
    lines.seek(0)
    outside_quotes = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside_quotes.count)


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        names = next((cells for cells in reader if any(cell.strip() for cell in cells)), None)
    except csv.Error as error:
        raise UnreadableFile(f"The header line is not a table row ({error}). Correct it.") from error
    if names is None:
        raise UnreadableFile("The table is empty. Add a header line and rows, or remove the file.")
    return [one_line(name) or f"column {place}" for place, name in enumerate(names, start=1)]


def _entry(
    header: Sequence[str], cells: Sequence[str], number: int, metadata: dict[str, Scalar]
) -> Entry | None:
    names = [*header, *(f"column {place}" for place in range(len(header) + 1, len(cells) + 1))]
    filled = [
        (name, storable(cell).strip()) for name, cell in zip(names, cells, strict=False) if cell.strip()
    ]
    if not filled:
        return None
    by_name = {name.casefold(): value for name, value in reversed(filled)}
    titles = [by_name[name] for name in TITLE_COLUMNS if name in by_name]
    others = [value for name, value in filled if name.casefold() != "id"] or [filled[0][1]]
    moments = (parse_moment(by_name.get(name)) for name in MOMENT_COLUMNS)
    return Entry(
        text="\n".join(f"{name}: {value}" for name, value in filled),
        title=one_line((titles or others)[0]),
        row=one_line(by_name.get("id", "")) or str(number),
        timestamp=next((moment for moment in moments if moment), None),
        metadata=metadata,
    )
