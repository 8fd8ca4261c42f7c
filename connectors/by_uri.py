"""Which connector reads a source: chosen by its scheme, then by what stands at its path."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from connectors.conversations.connector import (
    KINDS,
    conversation_at,
    conversation_at_uri,
    conversation_uri,
)
from connectors.file import FileConnector
from connectors.folder import FolderConnector
from connectors.git import git_at_uri
from connectors.http import http_at_uri
from connectors.jsonl import JsonlConnector
from connectors.object_store import object_store_at_uri
from connectors.options import Options
from connectors.sql import sql_at_uri
from connectors.web_client import DEFAULT_LIMITS, Limits
from hippograph.errors import ConnectorError
from hippograph.ports import Connector

SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]+):(?://|(?=/))")


def connector_for(
    source: str,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    *,
    allow_private: Sequence[str] = (),
    cache_folder: Path | None = None,
    timeout_seconds: float = DEFAULT_LIMITS.timeout_seconds,
    pause_seconds: float = DEFAULT_LIMITS.pause_seconds,
    largest_page_mb: int = DEFAULT_LIMITS.largest_bytes >> 20,
) -> Connector:
    """The connector of a folder, a file of a known type, a .jsonl file, or a URI.

    `include` and `exclude` are globs for folders, repositories, stores and the pages of a list. What follows is
    the section `sources` of the settings, explained there. Raises ConnectorError when nothing is there, or for an
    unknown scheme.
    """
    limits = Limits(timeout_seconds, largest_page_mb << 20, pause_seconds)
    options = Options(include, exclude, allow_private, cache_folder, limits)
    if not source.strip():
        raise ConnectorError("No source was named. Give a folder, a file or a file:// URI.")
    if conversation_uri(source):  # before the scheme, since a path may follow the colon at once
        return conversation_at_uri(source)
    scheme = SCHEME.match(source)
    if scheme is None:
        return _at_path(_expanded(source), options)
    name = scheme[1].lower()
    if name.startswith("sql+"):  # what follows names the database, and its driver
        return sql_at_uri(source, options)
    if name not in SCHEMES:
        known = ", ".join((*SCHEMES, *KINDS))
        raise ConnectorError(
            f"Sources with the scheme {scheme[1]!r} cannot be read; known: {known}, sql+..., and plain paths."
        )
    return SCHEMES[name](source, options)


def _expanded(source: str) -> Path:
    """The path with `~` and `~name` as home folders."""
    try:
        return Path(source).expanduser()
    except RuntimeError as error:
        raise ConnectorError(
            f"{source!r} names the home folder of a user that is not known here. Give the path in full."
        ) from error


def _at_path(path: Path, options: Options) -> Connector:
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise ConnectorError(
            f"The source {str(path)!r} cannot be looked up ({error}). Check the path."
        ) from error
    if is_there and (conversation := conversation_at(path)):
        return conversation
    if is_folder:
        return FolderConnector(path, options.include, options.exclude)
    if not is_there:
        raise ConnectorError(
            f"There is nothing at {str(path)!r}. Check the path; it is looked up from {str(Path.cwd())!r}. "
            "Of a source that is gone for good, `hippograph forget` takes the documents out of an index."
        )
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return JsonlConnector(path)
    return FileConnector(path)


def _at_file_uri(uri: str, options: Options) -> Connector:
    parts = urlsplit(uri)
    if parts.netloc not in ("", "localhost"):
        raise ConnectorError(f"{uri!r} names another computer. Mount its files and give the local path.")
    return _at_path(Path(url2pathname(parts.path)), options)


SCHEMES: dict[str, Callable[[str, Options], Connector]] = {
    "file": _at_file_uri,
    **dict.fromkeys(("https", "http"), http_at_uri),
    **dict.fromkeys(("s3", "gs", "gcs", "az", "abfs", "abfss", "memory"), object_store_at_uri),
    **dict.fromkeys(("git+file", "git+https", "git+http", "git+ssh"), git_at_uri),
}
"""A scheme, and what makes its connector."""
