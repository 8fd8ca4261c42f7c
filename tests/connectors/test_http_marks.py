"""Pages that are as they were are neither sent nor parsed again, and none that changed is missed."""

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.by_uri import connector_for
from connectors.http import MOST_OUTAGES, HttpConnector
from connectors.page_cache import conditions
from connectors.web_client import Limits
from hippograph.errors import ConnectorError, SourceUnavailable
from hippograph.settings import Settings
from hippograph.types import Document, SourceFailure, Unchanged

pytest.importorskip("httpx", reason="needs the extra 'web'")

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Site:
    """Pages by path: their text and headers, or a status; it counts the answers it gave."""

    def __init__(self):
        self.pages, self.given = {}, []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                status, headers, text = site.answer(self.path, self.headers)
                site.given.append((self.path, status))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def answer(self, path, asked):
        if path == "/map":
            entries = "".join(f"<url><loc>{self.url}{name}</loc></url>" for name in sorted(self.pages))
            return 200, {"Content-Type": "text/xml"}, f"<urlset>{entries}</urlset>"
        page = self.pages.get(path, 404)
        if isinstance(page, int):
            return page, {}, ""
        text, headers = page
        headers = {"Content-Type": "text/plain", **headers}
        if "Location" in headers:
            return 302, headers, ""
        is_known = any(
            asked.get(name) and asked[name] == headers.get(header)
            for name, header in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified"))
        )
        return (304, {}, "") if is_known else (200, headers, text)

    def put(self, path, text="", **headers):
        self.pages[path] = (text, {name.replace("_", "-"): value for name, value in headers.items()})

    def answers(self):
        """What was answered for pages since this was asked last."""
        given, self.given = self.given, []
        return {path: status for path, status in given if path not in ("/map", "/robots.txt")}


@pytest.fixture
def site():
    found = Site()
    yield found
    found.server.shutdown()
    found.thread.join()
    found.server.server_close()


class Reader:
    """Reads a source again and again, and remembers its marks as an index does."""

    def __init__(self, connector):
        self.connector, self.marks = connector, {}

    def read(self):
        items = list(self.connector.changed_documents(dict(self.marks)))
        for item in items:
            if not isinstance(item, SourceFailure) and (isinstance(item, Document) or item.mark):
                self.marks[item.id] = item.mark
        return items

    def changed(self):
        return [item.id.rpartition("/")[2] for item in self.read() if isinstance(item, Document)]


def reader(site, path="/map", **kept):
    return Reader(
        HttpConnector(
            site.url + path, allow_private=True, limits=Limits(timeout_seconds=1, pause_seconds=0), **kept
        )
    )


def test_a_page_that_is_as_it_was_is_not_sent(site):
    """By its ETag, or by when it was changed; without a cache folder."""
    site.put("/a", "one", ETag='"1"')
    site.put("/b", "one", Last_Modified=format_datetime(NOON, usegmt=True))
    site.put("/c.csv", "id,x\n1,x\n2,y\n", Content_Type="text/csv", ETag='W/"x\t1"')
    pages = reader(site)
    first = pages.changed()
    site.answers()
    again = pages.read()

    assert first == ["a", "b", "c.csv#1", "c.csv#2"]
    assert [type(item) for item in again] == [Unchanged] * 4
    assert site.answers() == {"/a": 304, "/b": 304, "/c.csv": 304}


def test_a_page_sent_with_the_same_bytes_keeps_its_date(site):
    """Servers without ETags send everything again, or give a new date to an old page."""
    site.put("/a", "one")
    site.put("/b", "one", Last_Modified=format_datetime(NOON, usegmt=True))
    pages = reader(site)
    pages.read()
    site.put("/b", "one", Last_Modified=format_datetime(NOON + timedelta(days=1), usegmt=True))
    site.answers()
    sent, asked = pages.read(), site.answers()
    quiet = pages.read()

    assert [type(item) for item in [*sent, *quiet]] == [Unchanged] * 4
    assert asked == {"/a": 200, "/b": 200}
    assert site.answers() == {"/a": 200, "/b": 304}


def test_a_changed_page_is_read(site):
    """Whether its server has ETags or not."""
    site.put("/a", "one", ETag='"1"')
    site.put("/b", "one")
    site.put("/c", "one", ETag='"1"')
    pages = reader(site)
    pages.read()
    site.put("/a", "two", ETag='"2"')
    site.put("/b", "two")

    assert pages.changed() == ["a", "b"]
    assert pages.changed() == []


def test_a_page_that_moved_is_not_asked_by_the_old_ones_tag(site):
    """Tags tell states of one page apart, not pages from each other."""
    site.put("/a", Location="/old")
    site.pages["/old"] = ("old", {"ETag": '"1"'})
    pages = reader(site, "/a")
    first = pages.read()
    site.answers()
    again, asked = pages.read(), site.answers()
    site.put("/a", Location="/new")
    site.pages["/new"] = ("new", {"ETag": '"1"'})
    moved = pages.read()

    assert [item.text for item in [*first, *moved]] == ["old", "new"]
    assert again == [Unchanged(f"{site.url}/a")]
    assert asked == {"/a": 302, "/old": 304}


def test_a_date_of_the_second_in_which_a_page_was_sent_is_not_asked_for(site):
    """The page may have been changed again in that second."""
    dates = {"last-modified": format_datetime(NOON, usegmt=True), "date": format_datetime(NOON, usegmt=True)}
    later = dates | {"date": format_datetime(NOON + timedelta(seconds=1), usegmt=True)}

    assert conditions(dates) == {}
    assert conditions(later) == {"If-Modified-Since": dates["last-modified"]}
    assert parsedate_to_datetime(later["date"]) - parsedate_to_datetime(dates["date"]) == timedelta(seconds=1)


def test_a_new_date_in_a_feed_dates_the_page_anew(site):
    """What a feed says of its entries goes before what the server says: the page is read once more."""
    feed = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/a"/><updated>{}</updated></entry></feed>'
    pytest.importorskip("feedparser", reason="needs the extra 'web'")
    site.put("/a", "one", ETag='"1"')
    site.put("/feed", feed.format(NOON.isoformat()), Content_Type="application/atom+xml")
    pages = reader(site, "/feed")
    pages.read()
    quiet = pages.read()
    site.put(
        "/feed", feed.format((NOON + timedelta(days=1)).isoformat()), Content_Type="application/atom+xml"
    )
    (dated,) = pages.read()

    assert quiet == [Unchanged(f"{site.url}/a")]
    assert dated.timestamp == NOON + timedelta(days=1)


def test_pages_read_before_a_site_went_away_are_not_read_again(site):
    """The error may pass, says so itself, and loses nothing of what came before it."""
    names = [f"/{number}" for number in range(MOST_OUTAGES + 3)]
    for name in names:
        site.put(name, name, ETag='"1"')
    for name in names[2:]:
        site.pages[name] = 503
    pages, read = reader(site), []
    with pytest.raises(SourceUnavailable, match="5 pages in a row"):
        read.extend(pages.connector.changed_documents({}))
    pages.marks = {item.id: item.mark for item in read if isinstance(item, Document)}
    for name in names:
        site.put(name, name, ETag='"1"')
    site.answers()
    rest = pages.changed()

    assert [item.id.rpartition("/")[2] for item in read[:2]] == ["0", "1"]
    assert rest == [name[1:] for name in names[2:]]
    assert [path for path, status in site.answers().items() if status == 304] == names[:2]


@pytest.mark.parametrize(("status", "error"), [(503, SourceUnavailable), (403, ConnectorError)])
def test_a_list_that_cannot_be_had_just_now_is_told_from_one_that_never_can(site, status, error):
    """Only the first is worth another try."""
    site.pages["/list"] = status

    with pytest.raises(ConnectorError) as caught:
        reader(site, "/list").read()
    assert type(caught.value) is error


def test_private_addresses_are_refused_unless_their_range_is_allowed(site):
    """The settings name the range; another range does not do, nor does a word that is none."""
    site.put("/a", "one")
    other = Settings(sources={"allow_private": ["10.0.0.0/8"], "pause_seconds": 0}).sources.for_connectors()
    own = Settings(sources={"allow_private": ["127.0.0.0/8"], "pause_seconds": 0}).sources.for_connectors()

    with pytest.raises(ConnectorError, match=r"private network.*--allow-private"):
        list(connector_for(f"{site.url}/a", **other).documents())
    assert [item.text for item in connector_for(f"{site.url}/a", **own).documents()] == ["one"]
    with pytest.raises(ConnectorError, match="written like"):
        connector_for(f"{site.url}/a", allow_private=["10.0.0.0/99"])


def test_the_cache_folder_of_the_settings_is_used(site, tmp_path):
    """For pages and for copies of repositories; the one named must be writable."""
    site.put("/a", "one", ETag='"1"')
    named = {"cache_folder": tmp_path / "kept", "allow_private": ["all"], "pause_seconds": 0}
    settings = Settings(sources=named).sources.for_connectors()
    (tmp_path / "file").write_text("x")

    list(connector_for(f"{site.url}/a", **settings).documents())

    assert len(list((tmp_path / "kept" / "pages").iterdir())) == 1
    with pytest.raises(ConnectorError, match="cannot be made"):
        connector_for(f"{site.url}/a", cache_folder=tmp_path / "file" / "x")
