"""Slack's exports: a folder or a zip file with a file a channel and day, and the list of users."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from typing import Any, BinaryIO
from zipfile import BadZipFile, ZipFile

from connectors.conversations.turns import NOBODY, Cut, Turn, in_order, session_entries
from connectors.moments import parse_moment
from connectors.parsers.entries import BrokenEntry, Entry, UnreadableFile

USERS = "users.json"
LISTS = ("users.json", "channels.json", "groups.json", "dms.json", "mpims.json", "integration_logs.json")
DAY_FILE = re.compile(r"(?:^|/)(?P<channel>[^/]+)/(?P<day>\d{4}-\d{2}-\d{2})\.json$")
NOT_SAID = frozenset(
    (
        "channel_join",
        "channel_leave",
        "channel_topic",
        "channel_purpose",
        "channel_name",
        "group_join",
        "group_leave",
    )
)
"""What the app says itself."""
MOST_UNPACKED = 1 << 30
"""Bytes an export may unpack to: a small file that unpacks to more is a trap."""
MENTION = re.compile(r"<@(?P<id>[A-Z0-9]+)(?:\|(?P<name>[^>]*))?>")
LINK = re.compile(r"<(?P<target>[^<>|]+)(?:\|(?P<label>[^<>]*))?>")

Read = Callable[[str], bytes]


def read_slack_zip(stream: BinaryIO, cut: Cut) -> Iterator[Entry | BrokenEntry]:
    """One entry a session of every channel. Raises UnreadableFile for what is no export."""
    try:
        archive = ZipFile(stream)
        names = [name for name in archive.namelist() if DAY_FILE.search(name)]
        size = sum(info.file_size for info in archive.infolist())
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableFile("The zip file is damaged. Download the export again.") from error
    if size > MOST_UNPACKED:
        raise UnreadableFile(
            f"The export unpacks to more than {MOST_UNPACKED >> 20} MiB. Unpack it yourself."
        )
    if not names:
        raise UnreadableFile("It is no export of Slack: it has no file such as general/2026-01-05.json.")
    users = next((name for name in archive.namelist() if name.rpartition("/")[2] == USERS), None)
    people, problem = read_users(archive.read, users)
    if problem:
        yield problem
    by_channel: dict[str, list[str]] = {}
    for name in sorted(names):
        by_channel.setdefault(channel_of(name), []).append(name)
    for channel, files in sorted(by_channel.items()):
        yield from read_channel(archive.read, channel, files, people, cut)


def channel_of(name: str) -> str:
    """The channel that a day's file belongs to; empty for other files."""
    match = DAY_FILE.search(name)
    return match["channel"] if match else ""


def read_users(read: Read, name: str | None) -> tuple[dict[str, str], BrokenEntry | None]:
    """The names of users by id, and what is wrong with their list; without one people are known by their ids."""
    if name is None:
        return {}, None
    try:
        rows = json.loads(read(name))
        return {str(row["id"]): _name(row) for row in rows if isinstance(row, dict) and "id" in row}, None
    except (ValueError, KeyError, TypeError, BadZipFile) as error:
        return {}, BrokenEntry(f"{USERS} cannot be read ({error}): people are known by their ids.", USERS)


def read_channel(
    read: Read, channel: str, files: list[str], people: Mapping[str, str], cut: Cut
) -> Iterator[Entry | BrokenEntry]:
    """One entry a session of a channel, whose days follow one another; a thread with its replies is one."""
    turns: list[Turn] = []
    for name in sorted(files):
        try:
            rows = json.loads(read(name))
        except (ValueError, BadZipFile) as error:
            yield BrokenEntry(f"{name} is not JSON ({error}).", name)
            continue
        if not isinstance(rows, list):
            yield BrokenEntry(f"{name} holds no list of messages.", name)
            continue
        for number, row in enumerate(rows, start=1):
            turn = _turn(row, channel, people)
            if isinstance(turn, str):
                yield BrokenEntry(turn, f"{name}:{number}")
            elif turn is not None:
                turns.append(turn)
    yield from session_entries(in_order(turns), cut)


def _turn(row: Any, channel: str, people: Mapping[str, str]) -> Turn | str | None:
    """A message as a turn; why it is none; None for what nobody said."""
    if not isinstance(row, dict):
        return "It is no message: an object is needed."
    if row.get("type", "message") != "message" or row.get("subtype") in NOT_SAID:
        return None
    text = row.get("text")
    if not isinstance(text, str):
        return "The message has no text."
    said = plain_text(text, people)
    if not said.strip():
        return None
    moment = parse_moment(row.get("ts"))
    if moment is None:
        return f"The message has a time that is none: {str(row.get('ts'))[:40]!r}."
    profile = row.get("user_profile") if isinstance(row.get("user_profile"), dict) else {}
    user = str(row.get("user") or row.get("bot_id") or "")
    speaker = (
        people.get(user) or (_name({"profile": profile}) if profile else "") or row.get("username") or user
    )
    thread = row.get("thread_ts")
    is_thread = isinstance(thread, str) and (thread != row.get("ts") or bool(row.get("reply_count")))
    return Turn(str(speaker or NOBODY), said, moment, channel, str(thread) if is_thread else "")


def plain_text(text: str, people: Mapping[str, str]) -> str:
    """A message's words: mentions and links as people read them.

    >>> plain_text("<@U1> see <https://a.org|the page> &amp; reply", {"U1": "Ana"})
    '@Ana see the page & reply'
    """
    named = MENTION.sub(lambda found: f"@{people.get(found['id']) or found['name'] or found['id']}", text)
    linked = LINK.sub(lambda found: found["label"] or found["target"].lstrip("!#"), named)
    return unescape(linked)


def _name(row: Mapping[str, Any]) -> str:
    """What people call a user: the display name, else the real one, else the handle."""
    profile = row.get("profile") if isinstance(row.get("profile"), dict) else {}
    told = (profile or {}).get("display_name") or (profile or {}).get("real_name") or row.get("real_name")
    return str(told or row.get("name") or row.get("id") or "")
