"""Pages as they were last fetched, so that a server need only say that they have not changed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connectors.moments import parse_moment
from hippograph.errors import ConnectorError
from hippograph.types import content_id

KEPT_HEADERS = ("content-type", "date", "etag", "last-modified")


@dataclass(frozen=True, slots=True)
class CachedPage:
    """What a server sent for a URL, and the headers it would recognise it by."""

    headers: Mapping[str, str]
    content: bytes

    def conditions(self) -> dict[str, str]:
        """The request headers that ask for the page only if it is another (RFC 9110, section 13)."""
        return conditions(self.headers)


def conditions(headers: Mapping[str, str]) -> dict[str, str]:
    """The request headers that ask for a page only if it is another than the one that came with these headers.

    A date of change in the very second in which the page was sent does not tell the page from one that was changed
    later in that second (RFC 9110, section 8.8.2.2).
    """
    changed_at, sent_at = parse_moment(headers.get("last-modified")), parse_moment(headers.get("date"))
    is_settled = not (changed_at and sent_at and sent_at - changed_at < timedelta(seconds=1))
    asked = {
        "If-None-Match": headers.get("etag"),
        "If-Modified-Since": headers.get("last-modified") if is_settled else None,
    }
    return {name: value for name, value in asked.items() if value}


class PageCache:
    """One file a URL in a folder: a line of JSON, then the content. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConnectorError(
                f"The cache folder {str(folder)!r} cannot be made ({error.strerror})."
            ) from error

    def get(self, url: str) -> CachedPage | None:
        """What was kept for the URL; None when there is nothing, or it was damaged."""
        if self._folder is None:
            return None
        with suppress(OSError, ValueError, KeyError, TypeError):
            head, _, content = self._path(url).read_bytes().partition(b"\n")
            about = json.loads(head)
            if about["url"] == url and about["sha256"] == hashlib.sha256(content).hexdigest():
                return CachedPage(about["headers"], content)
        return None

    def put(self, url: str, page: CachedPage) -> None:
        """Keep a page, if its server gave a means to recognise it. A full disk costs only the next visit time."""
        if self._folder is None or not page.conditions():
            return
        digest = hashlib.sha256(page.content).hexdigest()
        head = json.dumps({"url": url, "sha256": digest, "headers": dict(page.headers)})
        with suppress(OSError):
            handle, name = tempfile.mkstemp(dir=self._folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(head.encode("ascii") + b"\n" + page.content)
                os.replace(name, self._path(url))
            except OSError:
                os.unlink(name)
                raise

    def _path(self, url: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{content_id(url)}.page"
