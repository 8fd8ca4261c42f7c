"""Fetching from the web: politely, within limits, and every mishap told apart."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from connectors.page_cache import KEPT_HEADERS, CachedPage, PageCache
from connectors.parsers.entries import one_line
from connectors.private_addresses import AddressRefused, CheckedBackend
from hippograph.errors import MissingExtra

if TYPE_CHECKING:
    import httpx

AGENT = "hippograph"
"""The name under which robots.txt may address us."""
MOST_REDIRECTS = 5
LARGEST_ROBOTS = 512 << 10
"""Bytes of a robots.txt that are read: RFC 9309, section 2.5, asks for at least 500 KiB."""
LONGEST_DELAY_SECONDS = 30.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NOT_MODIFIED = 304
GONE = frozenset({404, 410})
BUSY = frozenset({408, 425, 429})


class FetchFailed(Exception):
    """A URL gave no page. The message is a sentence."""


class OutOfReach(FetchFailed):
    """The server did not answer, or said that it cannot just now. Another time it may."""


class PageGone(FetchFailed):
    """The server says that there is no such page."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, how long and how fast is fetched."""

    timeout_seconds: float = 20.0
    """For each step of an exchange; the whole of it may take three times as long."""
    largest_bytes: int = 32 << 20
    pause_seconds: float = 0.25
    """Between two requests to one host, unless its robots.txt asks for more."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL gave."""

    url: str
    """Where it was found, after redirects."""
    headers: Mapping[str, str]
    content: bytes
    is_unchanged: bool = False
    """Whether the server said that it is the known page, and sent nothing."""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """Where a page was found the last time, and the request headers that ask for it only if it is another."""

    url: str
    conditions: Mapping[str, str]


class WebClient:
    """An HTTP client for one reading of a source; to be used in a `with` statement.

    It takes no proxies from the environment: behind a proxy, nobody could say what is connected to.
    `allow_private` names the ranges within private networks that may be connected to; True stands for all.
    Raises MissingExtra without httpx.
    """

    def __init__(
        self, limits: Limits, allow_private: bool | Sequence[str], cache_folder: Path | None
    ) -> None:
        try:
            import httpx
        except ImportError as error:
            raise MissingExtra("httpx", "web", "Reading web pages") from error
        self._limits = limits
        self._cache = PageCache(cache_folder)
        self._backend = CheckedBackend(allow_private)
        self._client = httpx.Client(
            transport=_transport(self._backend),
            headers={"User-Agent": f"{AGENT}/1.0", "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
            timeout=limits.timeout_seconds,
        )
        self._robots: dict[str, RobotFileParser] = {}
        self._asked_at: dict[str, float] = {}
        """When each host was last asked, on the clock of time.monotonic."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._client.close()

    def fetch(self, url: str, known: KnownPage | None = None) -> Fetched:
        """The page at a URL, from the cache where the server says that it has not changed since it was kept there.

        Raises PageGone, OutOfReach, or FetchFailed when robots.txt, an address or a limit forbids it.
        """
        return self._follow(url, self._limits.largest_bytes, known)

    def _follow(
        self, url: str, most_bytes: int, known: KnownPage | None = None, *, is_robots: bool = False
    ) -> Fetched:
        import httpcore
        import httpx

        for _ in range(MOST_REDIRECTS + 1):
            _check_url(url)
            if not is_robots and not self._rules(url).can_fetch(AGENT, url):
                raise FetchFailed("The robots.txt of the site asks not to read it. Exclude it.")
            asked = known.conditions if known and known.url == url else {}
            cached = None if is_robots or asked else self._cache.get(url)
            self._wait(url)
            self._backend.deadline = time.monotonic() + 3 * self._limits.timeout_seconds
            try:
                conditions = cached.conditions() if cached else asked
                with self._client.stream("GET", url, headers=conditions) as response:
                    if response.status_code == NOT_MODIFIED and asked:
                        return Fetched(url, asked, b"", is_unchanged=True)
                    if response.status_code not in REDIRECTS:
                        return self._page(url, response, cached, most_bytes)
                    target = urljoin(url, response.headers.get("location", ""))
            except (
                httpx.HTTPError,
                httpcore.NetworkError,
                httpcore.TimeoutException,
                httpcore.ProtocolError,
            ) as error:
                raise OutOfReach(
                    f"{_host(url)} does not answer ({_said(error)}). Try again later."
                ) from error
            except (httpx.InvalidURL, httpcore.UnsupportedProtocol, ValueError) as error:
                raise FetchFailed(f"It is not the address of a page ({_said(error)}). Correct it.") from error
            except AddressRefused as error:
                raise FetchFailed(str(error)) from error
            if url.startswith("https:") and not target.startswith("https:"):
                raise FetchFailed(
                    "It leads from https to an address without it. Name the address it leads to."
                )
            url = target
        raise FetchFailed(f"It leads on more than {MOST_REDIRECTS} times. Name the address it leads to.")

    def _page(
        self, url: str, response: httpx.Response, cached: CachedPage | None, most_bytes: int
    ) -> Fetched:
        status = response.status_code
        if status == NOT_MODIFIED and cached is not None:
            return Fetched(url, cached.headers, cached.content)
        if status in GONE:
            raise PageGone(f"The server says that there is no such page ({status}). Remove the link to it.")
        if status in BUSY or status >= 500:
            raise OutOfReach(f"The server cannot give it just now ({status}). Try again later.")
        if status != 200:
            raise FetchFailed(
                f"The server does not give it to us ({status}). Check your access, or exclude it."
            )
        pieces, size = [], 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > most_bytes:
                raise FetchFailed(
                    f"It is larger than {most_bytes >> 10} KiB. Exclude it, or raise the limit."
                )
            pieces.append(piece)
        headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
        page = CachedPage(headers, b"".join(pieces))
        self._cache.put(url, page)
        return Fetched(url, page.headers, page.content)

    def _rules(self, url: str) -> RobotFileParser:
        """What a site asks of robots: nothing where it has no robots.txt (RFC 9309, section 2.3.1)."""
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            rules = RobotFileParser()
            try:
                found = self._follow(f"{site}/robots.txt", LARGEST_ROBOTS, is_robots=True)
                rules.parse(found.content.decode("utf-8-sig", "replace").splitlines())
            except OutOfReach:
                raise  # what a server forbids when it is well, it forbids when it is ill
            except FetchFailed as refused:
                if isinstance(refused.__cause__, AddressRefused):
                    raise
                rules.parse([])
            self._robots[site] = rules
        return self._robots[site]

    def _wait(self, url: str) -> None:
        parts = urlsplit(url)
        rules = self._robots.get(f"{parts.scheme}://{parts.netloc}")
        asked = float(rules.crawl_delay(AGENT) or 0) if rules else 0.0
        pause = max(self._limits.pause_seconds, min(asked, LONGEST_DELAY_SECONDS))
        due = self._asked_at.get(parts.netloc, float("-inf")) + pause
        if (left := due - time.monotonic()) > 0:
            time.sleep(left)
        self._asked_at[parts.netloc] = time.monotonic()


def _transport(backend: CheckedBackend) -> httpx.BaseTransport:
    """httpx over a pool of httpcore that connects through the backend; httpx itself takes none."""
    import httpcore
    import httpx

    checked: Any = backend
    pool = httpcore.ConnectionPool(ssl_context=httpx.create_ssl_context(), network_backend=checked)

    class Body(httpx.SyncByteStream):
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            yield from self._stream

        def close(self) -> None:
            self._stream.close()

    class Transport(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            url = httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            )
            asked = httpcore.Request(
                request.method, url, headers=request.headers.raw, extensions=request.extensions
            )
            given = pool.handle_request(asked)
            return httpx.Response(
                given.status, headers=given.headers, stream=Body(given.stream), extensions=given.extensions
            )

        def close(self) -> None:
            pool.close()

    return Transport()


def _check_url(url: str) -> None:
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username:
            return
    raise FetchFailed(
        f"{one_line(url)[:200]!r} is not the address of a web page without a password. Correct it."
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _said(error: BaseException) -> str:
    return one_line(str(error) or type(error).__name__).rstrip(".")
