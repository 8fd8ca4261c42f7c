"""Lists of pages: sitemaps, indexes of sitemaps, RSS and Atom feeds."""

from __future__ import annotations

import calendar
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urldefrag, urljoin
from xml.etree import ElementTree

from connectors.moments import parse_moment
from connectors.parsers.entries import UnreadableFile
from hippograph.errors import MissingExtra

LARGEST_LIST = 50 << 20
"""Bytes of a sitemap after unpacking: the protocol's own limit."""
FIRST_ELEMENT = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s+|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>]*>)*<([A-Za-z:]+)",
    re.DOTALL | re.IGNORECASE,
)
BROKEN = "The list of pages is not well-formed XML. Correct it."


class ListKind(StrEnum):
    """What a fetched file lists."""

    SITEMAP = "sitemap"
    INDEX = "index"
    FEED = "feed"


@dataclass(frozen=True, slots=True)
class Listed:
    """A page, or a further sitemap, and when its list says that it was changed."""

    url: str
    moment: datetime | None


def unpacked(content: bytes) -> bytes:
    """The content of a gzip file, other content as it is. Raises UnreadableFile past the limit."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
        found = unpacking.decompress(content, LARGEST_LIST + 1)
    except zlib.error as error:
        raise UnreadableFile("The packed file is damaged. Pack it again.") from error
    if len(found) > LARGEST_LIST or not unpacking.eof:
        raise UnreadableFile(f"The packed file is cut off or holds more than {LARGEST_LIST >> 20} MiB.")
    return found


def list_kind(content: bytes) -> ListKind | None:
    """What kind of list it is, by the first element; None for everything else, such as a page."""
    first = FIRST_ELEMENT.match(content[:4096])
    kinds = {
        b"urlset": ListKind.SITEMAP,
        b"sitemapindex": ListKind.INDEX,
        b"rss": ListKind.FEED,
        b"feed": ListKind.FEED,
        b"rdf:rdf": ListKind.FEED,
    }
    return kinds.get(first[1].lower()) if first else None


def listed_pages(content: bytes, kind: ListKind, base: str) -> Iterator[Listed]:
    """The entries of a list in their order, without fragments. Raises UnreadableFile, MissingExtra."""
    entries = _feed_entries(content, base) if kind is ListKind.FEED else _sitemap_entries(content)
    for link, moment in entries:
        if link.strip():
            yield Listed(urldefrag(urljoin(base, link.strip()))[0], moment)


def _sitemap_entries(content: bytes) -> Iterator[tuple[str, datetime | None]]:
    if b"<!ENTITY" in content:
        raise UnreadableFile("The sitemap declares entities of its own, which are not read. Remove them.")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise UnreadableFile(BROKEN) from error
    for entry in root:
        said = {
            child.tag.rpartition("}")[2]: child.text or "" for child in entry if isinstance(child.tag, str)
        }
        yield said.get("loc", ""), parse_moment(said.get("lastmod", ""))


def _feed_entries(content: bytes, base: str) -> Iterator[tuple[str, datetime | None]]:
    try:
        import feedparser
    except ImportError as error:
        raise MissingExtra("feedparser", "web", "Reading feeds") from error
    # A stream: given bytes, feedparser would first try them as an address and as a path.
    feed = feedparser.parse(io.BytesIO(content), response_headers={"content-location": base})
    # Feeds are often a little ill-formed; one that was cut off would pass for one with fewer pages.
    if feed.bozo and not (feed.entries and _is_closed(content)):
        raise UnreadableFile(BROKEN)
    for entry in feed.entries:
        # Past feedparser's own `get`, which gives one date for the other with a warning.
        written = dict.get(entry, "updated_parsed") or dict.get(entry, "published_parsed")
        yield str(entry.get("link") or ""), parse_moment(calendar.timegm(written)) if written else None


def _is_closed(content: bytes) -> bool:
    first = FIRST_ELEMENT.match(content[:4096])
    return first is not None and content.rstrip().endswith(b"</" + first[1] + b">")
