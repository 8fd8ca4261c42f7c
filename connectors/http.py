"""The web as a source: a page, or the pages that a sitemap or a feed lists."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from email.message import Message
from pathlib import Path, PurePosixPath
from urllib.parse import urldefrag, urlsplit

from connectors.cache_folder import writable_cache_folder
from connectors.file_types import FILE_TYPES, HTML, JSON_LINES, MARKDOWN, FileType, file_type
from connectors.globs import selection
from connectors.marks import ReadItem, State, items_read, marked, named_item
from connectors.moments import in_utc, parse_moment
from connectors.options import Options
from connectors.page_cache import conditions
from connectors.parsers.entries import Scalar, UnreadableFile
from connectors.private_addresses import ranges
from connectors.reading import Origin, read_stream
from connectors.web_client import Fetched, FetchFailed, KnownPage, Limits, OutOfReach, PageGone, WebClient
from connectors.web_lists import Listed, ListKind, list_kind, listed_pages, unpacked
from hippograph.errors import ConnectorError, SourceUnavailable
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged, content_id

MOST_SITEMAPS = 1000
MOST_OUTAGES = 5
"""Pages out of reach in a row, after which the site is: the others would cost a time-out each."""
BY_MEDIA_TYPE = {kind.media_type: kind for kind in FILE_TYPES.values()} | {
    "application/xhtml+xml": HTML,
    "text/x-markdown": MARKDOWN,
    "application/x-ndjson": JSON_LINES,
}
VAGUE = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream"})
"""Media types that servers give to files they do not know: then the ending tells more."""


class HttpConnector:
    """The page at a URL, or the pages that the sitemap, index of sitemaps or feed at that URL lists.

    A document's id is the page's URL without its fragment; its timestamp is the page's own date, else the
    feed's, else Last-Modified, else the sitemap's. `include` and `exclude` are globs over the paths of listed
    pages. With `cache_folder`, pages that did not change are not sent again (ETag, Last-Modified). Addresses
    within private networks are refused unless `allow_private` names their range, or is True for all of them, after
    redirects too. robots.txt is heeded.

    A feed shows only its newest entries: what has left it is no longer given. Raises ConnectorError for what is
    not a web address.
    """

    def __init__(
        self,
        url: str,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        *,
        cache_folder: str | os.PathLike[str] | None = None,
        allow_private: bool | Sequence[str] = False,
        limits: Limits | None = None,
    ) -> None:
        parts = urlsplit(url.strip())
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ConnectorError("A web source is written http(s)://host/path, without user and password.")
        self._url = urldefrag(parts._replace(scheme=parts.scheme.lower(), path=parts.path or "/").geturl())[0]
        self._selection = selection(include, exclude) if include or exclude else None
        self._cache = Path(cache_folder) if cache_folder is not None else None
        ranges(allow_private)  # what is no range is told at once
        self._allow_private = allow_private
        self._limits = limits or Limits()
        self.source = self._url

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """Every document, or those changed after `since`; also those that do not say when they were changed.

        Raises ConnectorError when the URL, or a sitemap it leads to, cannot be read: nobody could say then
        which pages there are. It is SourceUnavailable where the server may be back later.
        """
        moment = in_utc(since) if since else None
        for item in self._read(moment, None):
            if isinstance(item, Unchanged):
                continue
            is_old = isinstance(item, Document) and item.timestamp and moment and item.timestamp <= moment
            if not is_old:
                yield item

    def changed_documents(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """Every document, unread where the server says that its page is as it was, or sends the same bytes.

        Servers are asked by ETag and Last-Modified; dates in sitemaps are too often wrong to be believed. Raises
        ConnectorError as `documents` does.
        """
        yield from self._read(None, marks)

    def _read(
        self, since: datetime | None, marks: Mapping[DocumentId, str] | None
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """All of it; without marks, documents get none."""
        with WebClient(self._limits, self._allow_private, self._cache) as client:
            itself = Listed(self._url, None)
            known = items_read(marks or {}, named_item({self._url})).get(self._url)
            root = self._list_at(client, self._url, _known_page(known, itself, None))
            if known and root.is_unchanged:
                yield from known.unchanged()
                return
            kind = list_kind(root.content)
            if kind is None:
                yield from _changed_documents(root, itself, None, known, marks is not None)
            else:
                yield from self._pages(client, list(self._listed(client, root, kind)), since, marks)

    def _list_at(self, client: WebClient, url: str, known: KnownPage | None = None) -> Fetched:
        try:
            found = client.fetch(url, known)
            return replace(found, content=unpacked(found.content))
        except OutOfReach as problem:
            raise SourceUnavailable(
                f"{url} cannot be read. {problem} What was read of it stays."
            ) from problem
        except (FetchFailed, UnreadableFile) as problem:
            raise ConnectorError(f"{url} cannot be read. {problem}") from problem

    def _listed(self, client: WebClient, root: Fetched, kind: ListKind) -> Iterator[tuple[Listed, ListKind]]:
        """Every page once, in the order of the lists; indexes of sitemaps are followed."""
        waiting, known, sitemap_count = [(root, kind)], {self._url}, 1
        while waiting:
            here, kind = waiting.pop(0)
            try:
                entries = list(listed_pages(here.content, kind, here.url))
            except UnreadableFile as problem:
                raise ConnectorError(f"{here.url} cannot be read. {problem}") from problem
            for entry in entries:
                if entry.url in known:
                    continue
                known.add(entry.url)
                if kind is not ListKind.INDEX:
                    yield entry, kind
                    continue
                sitemap_count += 1
                if sitemap_count > MOST_SITEMAPS:
                    raise ConnectorError(
                        f"{self._url} leads to over {MOST_SITEMAPS} sitemaps. Name one of them."
                    )
                inner = self._list_at(client, entry.url)
                inner_kind = list_kind(inner.content)
                if inner_kind is None:
                    raise ConnectorError(
                        f"{entry.url} is listed as a sitemap but is none. Correct the index."
                    )
                waiting.append((inner, inner_kind))

    def _pages(
        self,
        client: WebClient,
        listed: Sequence[tuple[Listed, ListKind]],
        since: datetime | None,
        marks: Mapping[DocumentId, str] | None,
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        read = items_read(marks or {}, named_item({page.url for page, _ in listed}))
        outages = 0
        for page, kind in listed:
            if not self._takes(page.url) or (since and page.moment and page.moment <= since):
                continue
            known = read.get(page.url)
            try:
                fetched = client.fetch(page.url, _known_page(known, page, kind))
                outages = 0
                yield from _changed_documents(fetched, page, kind, known, marks is not None)
            except PageGone:
                # Not under the page's own URI: under that one the index would keep what it had.
                reason = f"The page {page.url} is listed but gone. Remove it from the list."
                yield SourceFailure(f"{self._url}#gone", reason)
            except OutOfReach as problem:
                outages += 1
                if outages == MOST_OUTAGES:
                    raise SourceUnavailable(
                        f"{self._url} went out of reach: {outages} pages in a row. The last: {page.url}. {problem}"
                    ) from problem
                yield SourceFailure(page.url, str(problem))
            except FetchFailed as problem:
                yield SourceFailure(page.url, str(problem))

    def _takes(self, url: str) -> bool:
        return self._selection is None or self._selection.takes(urlsplit(url).path.strip("/") or "index.html")


def http_at_uri(uri: str, options: Options) -> HttpConnector:
    """The connector of an http:// or https:// address, with a cache folder."""
    return HttpConnector(
        uri,
        options.include,
        options.exclude,
        cache_folder=writable_cache_folder("pages", options.cache_folder),
        allow_private=options.allow_private,
        limits=options.limits,
    )


def _known_page(known: ReadItem | None, listed: Listed, kind: ListKind | None) -> KnownPage | None:
    """How to ask for a page only if it is another; None where it was not read, or its feed dates it anew."""
    if known is None or not known.state.said:
        return None
    url, date, headers = json.loads(known.state.said)
    return KnownPage(url, headers) if date == _feed_date(listed, kind) else None


def _changed_documents(
    fetched: Fetched, listed: Listed, kind: ListKind | None, known: ReadItem | None, is_marked: bool
) -> Iterator[Document | Unchanged | SourceFailure]:
    """What a page became: nothing new where it is the known one, by its server's word or by its bytes."""
    if known and fetched.is_unchanged:
        yield from known.unchanged()
        return
    asked, date = conditions(fetched.headers), _feed_date(listed, kind)
    digest = hashlib.sha256(fetched.content).hexdigest()
    state = State(
        said=json.dumps([fetched.url, date, asked]) if asked else "",
        content=content_id(fetched.url, date, fetched.headers.get("content-type", ""), digest),
    )
    documents = _documents(fetched, listed, kind)
    if known and known.state.content == state.content:
        yield from known.unchanged(state)
    else:
        yield from marked(documents, state) if is_marked else documents


def _feed_date(listed: Listed, kind: ListKind | None) -> str:
    """When a feed says that its entry was changed, which goes before what the server says."""
    return listed.moment.isoformat() if kind is ListKind.FEED and listed.moment else ""


def _documents(fetched: Fetched, listed: Listed, kind: ListKind | None) -> Iterator[Document | SourceFailure]:
    header = Message()
    header["content-type"] = fetched.headers.get("content-type", "")
    media_type = header.get_content_type() if fetched.headers.get("content-type") else ""
    file_kind = _file_kind(media_type, fetched.url)
    if file_kind is None:
        yield SourceFailure(
            listed.url, f"Pages of the type {media_type or 'unknown'} are not read. Exclude it."
        )
        return
    sent_at = parse_moment(fetched.headers.get("last-modified"))
    metadata: dict[str, Scalar] = {"found_at": fetched.url} if fetched.url != listed.url else {}
    origin = Origin(
        name=listed.url,
        uri=listed.url,
        media_type=file_kind.media_type,
        timestamp=(listed.moment or sent_at) if kind is ListKind.FEED else (sent_at or listed.moment),
        metadata=metadata,
    )
    content = _in_utf8(fetched.content, header.get_content_charset())
    yield from read_stream(io.BytesIO(content), len(content), file_kind, origin)


def _file_kind(media_type: str, url: str) -> FileType | None:
    ending = file_type(PurePosixPath(urlsplit(url).path))
    return (ending if media_type in VAGUE else None) or BY_MEDIA_TYPE.get(media_type)


def _in_utf8(content: bytes, charset: str | None) -> bytes:
    """Text in the encoding its header declares, as UTF-8; unless it is UTF-8 whatever is declared."""
    try:
        content.decode("utf-8")
        return content
    except UnicodeDecodeError:
        pass
    try:
        return content.decode(charset).encode("utf-8") if charset else content
    except (UnicodeError, LookupError):
        return content
