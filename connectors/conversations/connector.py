"""Connectors of conversations: one file, or the folder of a Slack export, unread where nothing changed."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.conversations.chat_json import looks_like_chat, read_chat_json
from connectors.conversations.dates import Order
from connectors.conversations.mail import read_mbox
from connectors.conversations.slack import USERS, channel_of, read_channel, read_slack_zip, read_users
from connectors.conversations.turns import Cut
from connectors.conversations.whatsapp import looks_like_whatsapp, read_whatsapp
from connectors.file import SingleFile, existing_file
from connectors.file_types import FileType
from connectors.marks import ReadItem, State, file_state, items_read, marked, named_item
from connectors.moments import in_utc
from connectors.parsers.entries import BrokenEntry, Entry
from connectors.reading import Origin, entry_documents
from hippograph.errors import ConnectorError
from hippograph.ports import Connector
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged

KINDS = ("slack", "whatsapp", "mbox", "chat")
URI = re.compile(rf"({'|'.join(KINDS)}):(?:/(?=/))?(.*)$", re.IGNORECASE | re.DOTALL)
GAP = re.compile(r"(\d{1,4})\s*(m|min|h|d)")
LARGEST_LOOKED_AT = 1 << 26
"""Bytes of JSON that is parsed to see whether it is a chat; a larger one is read when `chat:` says that it is one."""
HEAD = 1 << 14
"""Bytes of a file by which it is recognised."""
MEDIA = {
    "whatsapp": "text/x-whatsapp",
    "chat": "application/x-chat+json",
    "mbox": "application/mbox",
    "slack": "application/x-slack+zip",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a conversation is read."""

    cut: Cut = field(default_factory=Cut)
    order: Order | None = None
    """Whether days or months come first in its dates; None to let the file decide."""


class ConversationConnector(SingleFile):
    """One exported file; its documents are its sessions, `name#session`. Raises ConnectorError for a wrong kind."""

    def __init__(self, path: str | os.PathLike[str], kind: str, reading: Reading = Reading()) -> None:
        if kind not in KINDS:
            raise ConnectorError(
                f"Conversations of the kind {kind!r} cannot be read; known: {', '.join(KINDS)}."
            )
        found = existing_file(path)
        super().__init__(found, _file_type(kind, found, reading), kind)


class SlackFolderConnector:
    """The unpacked folder of a Slack export; each channel is read anew when one of its files changed."""

    def __init__(self, root: str | os.PathLike[str], reading: Reading = Reading()) -> None:
        self._root = Path(root).resolve()
        self._cut = reading.cut
        self._channels()
        self.source = f"slack:{self._root}"

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """Every session, of the channels with a file that changed after `since`.

        Raises ConnectorError when the folder is gone.
        """
        for channel, files in self._channels().items():
            changed = max(file.stat().st_mtime for file in files)
            if since is None or datetime.fromtimestamp(changed, UTC) > in_utc(since):
                yield from self._read(channel, files)

    def changed_documents(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """Every session, unread where the files of its channel are as they were, by size and times, else by content.

        Raises ConnectorError when the folder is gone.
        """
        channels = self._channels()
        known = items_read(marks, named_item(channels))
        for channel, files in channels.items():
            try:
                yield from self._changed(channel, files, known.get(channel))
            except OSError as error:
                yield self._unreadable(channel, error)

    def _changed(
        self, channel: str, files: list[Path], before: ReadItem | None
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        said = self._said(files)
        if before and said and said == before.state.said:
            yield from before.unchanged()
            return
        state = State(said, self._digest(files))
        if before and state.content == before.state.content:
            yield from before.unchanged(state)
            return
        yield from marked(self._read(channel, files), state, lambda: self._digest(files) == state.content)

    def _channels(self) -> dict[str, list[Path]]:
        """The files of each channel, by name. Raises ConnectorError when there are none."""
        found: dict[str, list[Path]] = {}
        for file in sorted(self._root.glob("*/*.json")):
            if channel := channel_of(file.relative_to(self._root).as_posix()):
                found.setdefault(channel, []).append(file)
        if not found:
            raise ConnectorError(
                f"{str(self._root)!r} is no export of Slack: it has no file such as general/2026-01-05.json."
            )
        return dict(sorted(found.items()))

    def _with_users(self, files: list[Path]) -> list[Path]:
        users = self._root / USERS
        return [*files, *([users] if users.is_file() else [])]

    def _said(self, files: list[Path]) -> str:
        """What the file system says of a channel and the list of users; nothing where one changed just now."""
        told = [file_state(file.stat()) for file in self._with_users(files)]
        return hashlib.sha256(" ".join(told).encode()).hexdigest() if all(told) else ""

    def _digest(self, files: list[Path]) -> str:
        """What they hold."""
        digest = hashlib.sha256()
        for file in self._with_users(files):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()

    def _unreadable(self, channel: str, error: OSError) -> SourceFailure:
        why = error.strerror or error
        return SourceFailure(
            (self._root / channel).as_uri(), f"The channel cannot be read ({why}). Check its files."
        )

    def _read(self, channel: str, files: list[Path]) -> Iterator[Document | SourceFailure]:
        names = {file.relative_to(self._root).as_posix(): file for file in files}

        def read(name: str) -> bytes:
            return names[name].read_bytes() if name in names else (self._root / name).read_bytes()

        def entries() -> Iterator[Entry | BrokenEntry]:
            people, problem = read_users(read, USERS if (self._root / USERS).is_file() else None)
            if problem:
                yield problem
            yield from read_channel(read, channel, list(names), people, self._cut)

        uri = (self._root / channel).as_uri()
        try:
            yield from entry_documents(entries(), Origin(channel, uri, "application/x-slack+json"))
        except OSError as error:
            yield self._unreadable(channel, error)


def conversation_uri(source: str) -> tuple[str, str] | None:
    """The kind and the rest of a source such as `slack:export.zip`; None for any other source."""
    match = URI.match(source)
    return (match[1].lower(), match[2]) if match else None


def conversation_at_uri(source: str) -> Connector:
    """The connector of `KIND:PATH?gap=6h&by=day&dates=dmy&zone=Europe/Berlin`; the options may be left out.

    Raises ConnectorError for a path that is not there and for options that are none.
    """
    told = conversation_uri(source)
    if told is None:
        raise ConnectorError(f"{source!r} names no conversation; known kinds: {', '.join(KINDS)}.")
    kind, rest = told
    path, _, query = rest.partition("?")
    place = Path(unquote(path.removeprefix("//"))).expanduser()
    reading = _reading(query)
    if kind == "slack" and place.is_dir():
        return SlackFolderConnector(place, reading)
    return ConversationConnector(place, kind, reading)


def conversation_at(path: Path) -> Connector | None:
    """The connector of a path that is recognised as a conversation; None where it is none."""
    if path.is_dir():
        is_export = (path / "channels.json").is_file() and (path / USERS).is_file()
        return SlackFolderConnector(path) if is_export else None
    kind = _recognised(path)
    return ConversationConnector(path, kind) if kind else None


def _recognised(path: Path) -> str | None:
    suffix = path.suffix.lower()
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode) or (suffix == ".json" and status.st_size > LARGEST_LOOKED_AT):
        return None  # a pipe would be waited for
    if suffix == ".mbox":
        return "mbox"
    if suffix == ".zip":
        return "slack" if _is_slack_zip(path) else None
    try:
        if suffix == ".txt":
            with path.open("rb") as stream:
                return (
                    "whatsapp"
                    if looks_like_whatsapp(stream.read(HEAD).decode("utf-8-sig", "replace"))
                    else None
                )
        if suffix == ".json":
            import json

            return "chat" if looks_like_chat(json.loads(path.read_bytes())) else None
    except (OSError, ValueError, RecursionError):
        return None
    return None


def _is_slack_zip(path: Path) -> bool:
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as archive:
            return any(channel_of(name) for name in archive.namelist())
    except (OSError, BadZipFile, ValueError):
        return False


def _file_type(kind: str, path: Path, reading: Reading) -> FileType:
    name = path.stem
    parsers = {
        "whatsapp": partial(read_whatsapp, cut=reading.cut, order=reading.order, name=name),
        "chat": partial(read_chat_json, cut=reading.cut, order=reading.order, name=name),
        "mbox": partial(read_mbox, cut=reading.cut, path=path),
        "slack": partial(read_slack_zip, cut=reading.cut),
    }
    return FileType(MEDIA[kind], parsers[kind])


def _reading(query: str) -> Reading:
    """What is said behind the question mark. Raises ConnectorError for what cannot be meant."""
    said = {key: values[-1] for key, values in parse_qs(query, keep_blank_values=True).items()}
    known = ("gap", "by", "dates", "zone")
    if unknown := sorted(set(said) - set(known)):
        raise ConnectorError(f"{unknown[0]!r} says nothing of a conversation; known: {', '.join(known)}.")
    if said.get("by", "gap") not in ("gap", "day"):
        raise ConnectorError(f"by={said['by']} is unknown: sessions end with a gap or with the day.")
    cut = Cut(_gap(said.get("gap", "6h")), said.get("by") == "day", _zone(said.get("zone", "UTC")))
    if "dates" not in said:
        return Reading(cut)
    try:
        return Reading(cut, Order(said["dates"].lower()))
    except ValueError:
        raise ConnectorError(f"dates={said['dates']} is unknown: say dmy, mdy or ymd.") from None


def _gap(said: str) -> timedelta:
    match = GAP.fullmatch(said.strip().lower())
    if match is None or int(match[1]) < 1:
        raise ConnectorError(f"gap={said} is no pause: say 30m, 6h or 2d.")
    unit = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days"}[match[2]]
    return timedelta(**{unit: int(match[1])})


def _zone(said: str) -> ZoneInfo:
    try:
        return ZoneInfo(said)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConnectorError(f"zone={said} is unknown: name one such as Europe/Berlin.") from None
