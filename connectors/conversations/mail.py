"""Mail in mbox files, read by the standard library: a thread is a session, a message a turn."""

from __future__ import annotations

import io
import mailbox
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from pathlib import Path
from typing import BinaryIO

from connectors.conversations.turns import NOBODY, Cut, Turn, in_order, session_entries
from connectors.parsers.entries import BrokenEntry, Entry, UnreadableFile, one_line, storable
from connectors.parsers.html import read_html
from hippograph.errors import MissingExtra

REPLY = re.compile(r"^(?:(?:re|aw|sv|fwd?|wg|antw)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
QUOTED_BELOW = re.compile(
    r"^(?:On .{4,200} wrote:|Am .{4,200} schrieb .*:|-{2,}\s*Original Message\s*-{2,}|_{10,})\s*$",
    re.IGNORECASE,
)
MESSAGE_ID = re.compile(r"<[^<>\s]+>")


def read_mbox(stream: BinaryIO, cut: Cut, path: Path) -> Iterator[Entry | BrokenEntry]:
    """One entry a thread, by References and In-Reply-To, else by the subject without "Re:".

    What a mail quotes of others and its signature are left out: the thread holds them already. Raises
    UnreadableFile for a file without messages.
    """
    if stream.read(5) != b"From ":
        raise UnreadableFile("It is no mbox file: the first line must begin with 'From '.")
    box = mailbox.mbox(path, create=False)
    try:
        turns: list[Turn] = []
        roots: dict[str, str] = {}
        for number, message in enumerate(box, start=1):
            turn = _turn(message, roots)
            if isinstance(turn, str):
                yield BrokenEntry(turn, f"message={number}")
            else:
                turns.append(turn)
    finally:
        box.close()
    if not turns:
        raise UnreadableFile("No message in it has a text.")
    yield from session_entries(in_order(turns), cut)


def _turn(message: Message, roots: dict[str, str]) -> Turn | str:
    """A mail as a turn, or why it is none. `roots` holds the thread of each message id and takes in this one's."""
    subject = REPLY.sub("", _header(message, "Subject")) or "no subject"
    thread = _thread(message, subject, roots)
    written = message.get("Date")
    moment = _moment(written)
    if written is not None and moment is None:
        return f"The mail has a date that is none: {one_line(str(written))[:60]!r}."
    try:
        text = _text(message)
    except MissingExtra as error:
        return str(error)
    if not text:
        return "The mail has no text of its own."
    name, address = parseaddr(_header(message, "From"))
    return Turn(name or address or NOBODY, text, moment, subject, thread)


def _thread(message: Message, subject: str, roots: dict[str, str]) -> str:
    """What the mails of one thread share: the thread of the first mail that they refer to."""
    own = MESSAGE_ID.findall(str(message.get("Message-ID", "")))
    said = f"{message.get('References', '')} {message.get('In-Reply-To', '')}"
    referred = MESSAGE_ID.findall(str(said))
    is_reply = bool(REPLY.match(_header(message, "Subject")))
    root = next((roots[each] for each in referred if each in roots), None)
    if root is None:
        root = referred[0] if referred else f"subject:{subject.casefold()}" if is_reply or not own else own[0]
        root = roots.get(f"subject:{subject.casefold()}", root) if is_reply and not referred else root
    for each in (*own, *referred):
        roots.setdefault(each, root)
    roots.setdefault(f"subject:{subject.casefold()}", root)
    return root


def _header(message: Message, name: str) -> str:
    """A header, decoded, on one line; as it is written where its encoding is broken."""
    raw = message.get(name)
    if raw is None:
        return ""
    try:
        return one_line(str(make_header(decode_header(str(raw)))))
    except (ValueError, LookupError):
        return one_line(str(raw))


def _moment(written: object) -> datetime | None:
    try:
        moment = parsedate_to_datetime(str(written))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(message: Message) -> str:
    """The mail's own words: its plain part, else its HTML as text."""
    parts = [part for part in message.walk() if not part.is_multipart() and not part.get_filename()]
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind:
                words = _decoded(part)
                text = own_words(words if kind == "text/plain" else _plain(words))
                if text:
                    return text
    return ""


def _decoded(part: Message) -> str:
    raw = part.get_payload(decode=True)
    content = raw if isinstance(raw, bytes) else b""
    try:
        return content.decode(part.get_content_charset() or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return content.decode("cp1252", "replace")


def _plain(html: str) -> str:
    entries = read_html(io.BytesIO(html.encode("utf-8")))
    return "\n".join(entry.text for entry in entries if isinstance(entry, Entry))


def own_words(text: str) -> str:
    """A mail's text without what it quotes and without its signature.

    >>> own_words("Fine.\\nOn Monday Bo wrote:\\n> Shall we?\\n-- \\nAna")
    'Fine.'
    """
    kept = []
    for line in storable(text).split("\n"):
        if line.rstrip("\r") in ("-- ", "--") or QUOTED_BELOW.match(line.strip()):
            break
        if not line.lstrip().startswith(">"):
            kept.append(line)
    return "\n".join(kept).strip()
