"""The web as a source, against a server on loopback that can be made to fail."""

import gzip
import os
import socket
import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors import http as web
from connectors import private_addresses, web_client, web_lists
from connectors.by_uri import connector_for
from connectors.http import HttpConnector
from connectors.web_client import Limits
from hippograph.errors import ConnectorError
from hippograph.types import Document, SourceFailure

pytest.importorskip("httpx", reason="needs the extra 'web'")
pytest.importorskip("selectolax", reason="needs the extra 'files'")

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
QUICK = Limits(timeout_seconds=1, pause_seconds=0)


class Site:
    """A site of given answers: a path's status, headers and body, or a function of the handler."""

    def __init__(self):
        self.answers, self.asked = {}, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def put(self, path, body="", status=200, kind="text/html", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body.encode() if isinstance(body, str) else body
        self.answers[path] = (status, {"Content-Type": kind} | headers, content)

    def sitemap(self, path, *entries, kind="urlset"):
        inner = {"urlset": "url", "sitemapindex": "sitemap"}[kind]
        rows = (
            f"<{inner}><loc>{url if '://' in url else self.url + url}</loc><lastmod>{moment}</lastmod></{inner}>"
            for url, moment in entries
        )
        xmlns = "http://www.sitemaps.org/schemas/sitemap/0.9"
        self.put(
            path, f'<?xml version="1.0"?>\n<!-- pages -->\n<{kind} xmlns="{xmlns}">{"".join(rows)}</{kind}>'
        )

    def paths(self):
        return [path for path, _ in self.asked if path != "/robots.txt"]

    def _handler(site):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.asked.append((self.path, dict(self.headers)))
                answer = site.answers.get(self.path, (404, {}, b"no such page"))
                if callable(answer):
                    answer(self)
                    return
                status, headers, content = answer
                etag, moment = headers.get("ETag"), headers.get("Last-Modified")
                is_known = (etag and self.headers.get("If-None-Match") == etag) or (
                    moment and self.headers.get("If-Modified-Since") == moment
                )
                status, content = (304, b"") if is_known else (status, content)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        return Handler

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def site():
    found = Site()
    yield found
    found.close()


def connector(site, path="/", *globs, **kept):
    return HttpConnector(site.url + path, *globs, **({"allow_private": True, "limits": QUICK} | kept))


def documents(source, since=None):
    return {item.id: item for item in source.documents(since) if isinstance(item, Document)}


def failures(source, since=None):
    return {item.uri: item.reason for item in source.documents(since) if isinstance(item, SourceFailure)}


def test_a_page_is_a_document(site):
    """The whole document: what a reader sees of it, dated by its server."""
    site.put("/a.html", "<title>A</title><p>It rained.", Last_Modified=format_datetime(NOON, usegmt=True))

    (document,) = connector(site, "/a.html#part").documents()

    assert document == Document(
        id=f"{site.url}/a.html",
        title="A",
        text="It rained.",
        uri=f"{site.url}/a.html",
        media_type="text/html",
        timestamp=NOON,
        metadata={},
    )


@pytest.mark.parametrize(
    ("path", "kind", "body", "media_type", "text"),
    [
        ("/a", "text/html; charset=windows-1251", "<p>Москва".encode("cp1251"), "text/html", "Москва"),
        ("/a", "text/html; charset=latin-1", "<p>Zürich".encode(), "text/html", "Zürich"),
        ("/a", "application/xhtml+xml", b"<p>x</p>", "text/html", "x"),
        ("/a", "text/markdown", b"# x", "text/markdown", "# x"),
        ("/a.md", "text/plain; charset=utf-8", b"# x", "text/markdown", "# x"),
        ("/a.py", "text/plain", b"x = 1", "text/plain", "x = 1"),
        ("/a.html", "", b"<p>x", "text/html", "x"),
        ("/a.csv", "text/csv", b"id\n7\n", "text/csv", "id: 7"),
    ],
)
def test_a_page_is_read_by_its_type(site, path, kind, body, media_type, text):
    """The header decides; where it says little the ending does. A declared charset is believed if it must be."""
    site.put(path, body, kind=kind)

    (document,) = connector(site, path).documents()

    assert (document.media_type, document.text) == (media_type, text)


def test_a_pdf_is_read(site, pdf_bytes):
    """By the parser of files."""
    pytest.importorskip("pypdf")
    site.put("/p", pdf_bytes("Portable."), kind="application/pdf")

    assert documents(connector(site, "/p"))[f"{site.url}/p"].text == "Portable."


def test_a_sitemap_gives_its_pages_once_each(site):
    """In its order, dated by it where the pages say nothing, other types and empty pages told."""
    site.sitemap("/map.xml", ("/b", "2026-01-02"), ("/a#x", ""), ("/a", ""), ("/i.png", ""), ("/empty", ""))
    for path, words in (("/a", "<p>a"), ("/b", "<p>b"), ("/empty", "")):
        site.put(path, words)
    site.put("/i.png", b"\x89PNG", kind="image/png")
    source = connector(site, "/map.xml")

    found = documents(source)

    assert [id_.removeprefix(site.url) for id_ in found] == ["/b", "/a"]
    assert found[f"{site.url}/b"].timestamp == datetime(2026, 1, 2, tzinfo=UTC)
    assert found[f"{site.url}/a"].timestamp is None
    told = failures(source)
    assert "type image/png" in told[f"{site.url}/i.png"]
    assert "empty" in told[f"{site.url}/empty"]


def test_an_index_of_sitemaps_is_followed_packed_ones_too(site):
    """A sitemap that names itself, or the index, is read once."""
    site.sitemap("/index.xml", ("/1.xml.gz", ""), ("/2.xml", ""), ("/index.xml", ""), kind="sitemapindex")
    site.sitemap("/1.xml.gz", ("/a", ""))
    _, _, content = site.answers["/1.xml.gz"]
    site.answers["/1.xml.gz"] = (200, {"Content-Type": "application/gzip"}, gzip.compress(content))
    site.sitemap("/2.xml", ("/b", ""), ("/a", ""))
    site.put("/a", "<p>a")
    site.put("/b", "<p>b")

    assert list(documents(connector(site, "/index.xml"))) == [f"{site.url}/a", f"{site.url}/b"]


RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>F</title>
<item><link>/a</link><pubDate>Mon, 05 Jan 2026 13:00:00 +0100</pubDate></item><item><link>{url}/b</link></item>
<item><title>Nothing to read</title></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title>
<entry><link href="a"/><updated>2026-01-05T12:00:00Z</updated></entry><entry><link href="{url}/b"/></entry></feed>"""


@pytest.mark.parametrize("feed", [RSS, ATOM])
def test_a_feed_gives_its_pages_with_its_dates(site, feed):
    """Links may be relative; a page that its feed does not date is dated by its server."""
    pytest.importorskip("feedparser", reason="needs the extra 'web'")
    site.put("/feed", feed.format(url=site.url), kind="application/xml")
    for path in ("/a", "/b"):
        site.put(path, f"<p>{path}", Last_Modified="Thu, 01 Jan 2026 00:00:00 GMT")

    found = documents(connector(site, "/feed"))

    moments = {id_.removeprefix(site.url): document.timestamp for id_, document in found.items()}
    assert moments == {"/a": NOON, "/b": datetime(2026, 1, 1, tzinfo=UTC)}


def test_globs_choose_among_listed_pages(site):
    """By their paths; a page that is not taken is not asked for."""
    site.sitemap("/map.xml", ("/", ""), ("/blog/a", ""), ("/blog/b.html", ""), ("/shop/c", ""))
    for path in ("/", "/blog/a", "/blog/b.html"):
        site.put(path, "<p>x")

    found = documents(connector(site, "/map.xml", ["blog/**", "index.html"], ["b.html"]))

    assert list(found) == [f"{site.url}/", f"{site.url}/blog/a"]
    assert site.paths() == ["/map.xml", "/", "/blog/a"]


def test_since_asks_only_for_what_may_have_changed(site):
    """A page that its sitemap calls old is not asked for; an undated one is given."""
    site.sitemap(
        "/map.xml", ("/old", "2026-01-05T12:00Z"), ("/new", "2026-01-06"), ("/sent", ""), ("/none", "")
    )
    site.put("/new", "<p>x")
    site.put("/none", "<p>x")
    site.put("/sent", "<p>x", Last_Modified=format_datetime(NOON, usegmt=True))

    found = documents(connector(site, "/map.xml"), NOON)

    assert list(found) == [f"{site.url}/new", f"{site.url}/none"]
    assert "/old" not in site.paths()


def test_an_unchanged_page_is_not_sent_again(site, tmp_path):
    """With a cache folder the server is asked whether it changed; the documents are the same."""
    site.sitemap("/map.xml", ("/etag", ""), ("/date", ""), ("/none", ""))
    site.put("/etag", "<p>one", ETag='"1"')
    site.put("/date", "<p>one", Last_Modified=format_datetime(NOON, usegmt=True))
    site.put("/none", "<p>one")
    source = connector(site, "/map.xml", cache_folder=tmp_path / "cache")
    first, second = list(source.documents()), list(source.documents())
    site.put("/etag", "<p>two", ETag='"2"')
    third = documents(source)

    conditions = [
        {name for name in headers if name.lower().startswith("if-")}
        for path, headers in site.asked
        if path in ("/etag", "/date", "/none")
    ]
    assert first == second
    assert conditions[:6] == [set(), set(), set(), {"If-None-Match"}, {"If-Modified-Since"}, set()]
    assert [document.text for document in third.values()] == ["two", "one", "one"]


def test_a_damaged_cache_costs_only_a_request(site, tmp_path):
    """What was altered on disk is fetched again."""
    site.put("/a", "<p>right", ETag='"1"')
    source = connector(site, "/a", cache_folder=tmp_path)
    before = documents(source)
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes().replace(b"right", b"wrong"))

    assert documents(source) == before
    assert [("If-None-Match" in headers) for path, headers in site.asked if path == "/a"] == [False, False]


def test_robots_are_heeded(site):
    """A forbidden page is told and not asked for; a forbidden source is an error."""
    site.put(
        "/robots.txt",
        "User-agent: hippograph\nDisallow: /secret\n\nUser-agent: *\nDisallow: /",
        kind="text/plain",
    )
    site.sitemap("/map.xml", ("/secret/a", ""), ("/b", ""))
    site.put("/b", "<p>b")
    source = connector(site, "/map.xml")

    assert list(documents(source)) == [f"{site.url}/b"]
    assert "robots.txt" in failures(source)[f"{site.url}/secret/a"]
    assert "/secret/a" not in site.paths()
    with pytest.raises(ConnectorError, match=r"robots\.txt"):
        list(connector(site, "/secret/").documents())


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_site_without_robots_forbids_nothing(site, status):
    """RFC 9309, section 2.3.1.3: a file that is unavailable allows all."""
    site.put("/robots.txt", "", status=status)
    site.put("/a", "<p>a")

    assert list(documents(connector(site, "/a"))) == [f"{site.url}/a"]


def test_robots_that_cannot_be_told_forbid_all(site):
    """RFC 9309, section 2.3.1.4: a server that is ill is not asked for pages."""
    site.put("/robots.txt", "", status=503)
    site.put("/a", "<p>a")

    with pytest.raises(ConnectorError, match="503"):
        list(connector(site, "/a").documents())
    assert site.paths() == []


def test_requests_to_a_host_keep_a_distance(site, monkeypatch):
    """The limit's, or a longer one that the robots.txt asks for."""
    waits = []
    monkeypatch.setattr(web_client.time, "sleep", waits.append)
    monkeypatch.setattr(web_client.time, "monotonic", lambda: 100.0)
    site.put("/robots.txt", "User-agent: *\nCrawl-delay: 7", kind="text/plain")
    site.put("/a", "<p>a")

    list(connector(site, "/a", limits=Limits(pause_seconds=5)).documents())

    assert waits == [7.0]


def drip(handler):
    """An answer that never ends, one byte now and then."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    try:
        for _ in range(200):
            handler.wfile.write(b"x")
            time.sleep(0.05)
    except OSError:
        pass
    handler.close_connection = True


def drip_headers(handler):
    """The same before the first line is complete."""
    try:
        for _ in range(200):
            handler.wfile.write(b"H")
            time.sleep(0.05)
    except OSError:
        pass
    handler.close_connection = True


def hang(handler):
    time.sleep(2)
    handler.close_connection = True


def hang_up(handler):
    handler.close_connection = True


def cut_off(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"short")
    handler.close_connection = True


OUTAGES = [500, 502, 503, 429, hang, hang_up, cut_off, drip, drip_headers]


@pytest.mark.parametrize("fault", OUTAGES, ids=lambda fault: getattr(fault, "__name__", str(fault)))
def test_a_root_out_of_reach_is_an_error(site, fault):
    """An outage is never an empty source."""
    site.answers["/map.xml"] = fault if callable(fault) else (fault, {}, b"")

    with pytest.raises(ConnectorError, match=r"answer|just now"):
        list(connector(site, "/map.xml", limits=Limits(0.3, pause_seconds=0)).documents())


@pytest.mark.parametrize("fault", OUTAGES, ids=lambda fault: getattr(fault, "__name__", str(fault)))
def test_a_page_out_of_reach_is_told_under_its_uri(site, fault):
    """The index keeps what it had of the page, and the others are read."""
    site.sitemap("/map.xml", ("/bad", ""), ("/good", ""))
    site.put("/good", "<p>good")
    site.answers["/bad"] = fault if callable(fault) else (fault, {}, b"")

    bad, good = connector(site, "/map.xml", limits=Limits(0.3, pause_seconds=0)).documents()

    assert isinstance(bad, SourceFailure)
    assert bad.uri == f"{site.url}/bad"
    assert good.text == "good"


def test_a_server_that_is_not_there_is_an_error(site):
    """Neither is a name that is not known."""
    site.close()
    site.close = lambda: None
    for url in (site.url, "http://no-such-host.invalid/"):
        with pytest.raises(ConnectorError, match="does not answer"):
            list(HttpConnector(url, allow_private=True, limits=QUICK).documents())


def test_a_site_that_goes_out_of_reach_half_way_is_an_error(site, monkeypatch):
    """After some pages in a row the rest is not tried; single ones in between do not count."""
    monkeypatch.setattr(web, "MOST_OUTAGES", 3)
    pages = ["/x1", "/x2", "/good", "/x3", "/x4", "/x5", "/never"]
    site.sitemap("/map.xml", *((page, "") for page in pages))
    for page in pages:
        site.put(page, "", status=503)
    site.put("/good", "<p>good")

    with pytest.raises(ConnectorError, match="3 pages in a row"):
        list(connector(site, "/map.xml").documents())
    assert site.paths() == ["/map.xml", *pages[:-1]]


def test_a_page_that_is_gone_is_told_but_not_kept(site):
    """Its failure does not bear the URI under which the index would keep it."""
    site.sitemap("/map.xml", ("/gone", ""), ("/a", ""))
    site.put("/gone", "", status=410)
    site.put("/a", "<p>a")

    assert list(failures(connector(site, "/map.xml"))) == [f"{site.url}/map.xml#gone"]


@pytest.mark.parametrize("status", [404, 500])
def test_a_sitemap_of_an_index_that_cannot_be_read_is_an_error(site, status):
    """Nobody could say which pages it listed."""
    site.sitemap("/index.xml", ("/1.xml", ""), ("/2.xml", ""), kind="sitemapindex")
    site.sitemap("/1.xml", ("/a", ""))
    site.put("/a", "<p>a")
    site.put("/2.xml", "", status=status)

    with pytest.raises(ConnectorError, match=r"/2\.xml"):
        list(connector(site, "/index.xml").documents())


@pytest.mark.parametrize(
    "content",
    [
        *('<?xml version="1.0"?><urlset><url>', "<rss><channel><item>", "<feed", RSS[:-20]),
        '<!DOCTYPE urlset><!-- x --><urlset><!-- <!ENTITY a "b"> --></urlset>',
        gzip.compress(b"<urlset>" + b"x" * 1000, mtime=0)[:-20],
        gzip.compress(b"<urlset>" + b" " * 3000 + b"</urlset>", mtime=0),
    ],
    ids=[
        "sitemap cut off",
        "feed cut off",
        "a tag",
        "feed cut late",
        "entities",
        "packed and cut off",
        "too large",
    ],
)
def test_a_broken_list_is_an_error(site, content, monkeypatch):
    """Cut off, packed badly, unpacking without end, or declaring entities."""
    pytest.importorskip("feedparser")
    monkeypatch.setattr(web_lists, "LARGEST_LIST", 2000)
    site.put("/map.xml", content, kind="application/xml")

    with pytest.raises(ConnectorError, match="cannot be read"):
        list(connector(site, "/map.xml").documents())


def test_a_page_over_the_limit_is_refused(site):
    """Counted after unpacking, whatever its header says."""
    site.sitemap("/map.xml", ("/big", ""), ("/bomb", ""), ("/fits", ""))
    site.put("/big", "x" * 1001)
    site.put("/bomb", gzip.compress(b"x" * 1_000_000), Content_Encoding="gzip")
    site.put("/fits", "x" * 1000)
    source = connector(site, "/map.xml", limits=Limits(1, 1000, 0))

    assert list(documents(source)) == [f"{site.url}/fits"]
    assert all("larger than" in reason for reason in failures(source).values())


def test_redirects_are_followed_and_said(site):
    """The id is the URL that was listed; where it led to is metadata."""
    site.put("/a", "", status=301, Location="b?x=1")
    site.put("/b?x=1", "<p>b")

    (document,) = connector(site, "/a").documents()

    assert document.id == f"{site.url}/a"
    assert document.metadata == {"found_at": f"{site.url}/b?x=1"}


@pytest.mark.parametrize(
    "target",
    ["/a", "", "ftp://127.0.0.1/a", "http://[::1", "http://user:pass@127.0.0.1/", "file:///etc/passwd"],
)
def test_redirects_in_circles_or_elsewhere_are_refused(site, target):
    """Only to web addresses, and not for ever."""
    site.put("/a", "", status=302, Location=target)

    with pytest.raises(ConnectorError, match=r"leads on|not the address|Invalid URL"):
        list(connector(site, "/a").documents())


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0", "[::1]"]
)
def test_addresses_of_this_machine_are_refused(site, host):
    """However they are written."""
    site.put("/a", "<p>a")

    with pytest.raises(ConnectorError, match=r"private network|does not answer"):
        list(HttpConnector(site.url.replace("127.0.0.1", host) + "/a", limits=QUICK).documents())
    assert site.asked == []


def test_a_source_by_uri_is_public_only(site, tmp_path, monkeypatch):
    """So is what a command names."""
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(ConnectorError, match="private network"):
        list(connector_for(f"{site.url}/a").documents())


def test_a_source_by_uri_remembers_its_pages(site, tmp_path, monkeypatch):
    """In the user's cache folder; where that cannot be made, pages are sent again."""
    monkeypatch.setattr(private_addresses, "is_public", lambda address: True)
    site.put("/a", "<p>a", ETag='"1"')
    (tmp_path / "file").touch()
    for home in (tmp_path, tmp_path, tmp_path / "file"):
        monkeypatch.setenv("HOME", str(home))
        assert list(documents(connector_for(f"{site.url}/a"))) == [f"{site.url}/a"]

    asked = ["If-None-Match" in headers for path, headers in site.asked if path == "/a"]
    assert asked == [False, True, False]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        *(("10.0.0.1", False), ("172.16.0.1", False), ("192.168.1.1", False), ("100.64.0.1", False)),
        *(("169.254.169.254", False), ("224.0.0.1", False), ("255.255.255.255", False), ("0.0.0.0", False)),
        *(("fe80::1%eth0", False), ("fd00::1", False), ("::", False), ("ff02::1", False)),
        *(("::ffff:10.0.0.1", False), ("64:ff9b::a9fe:a9fe", False), ("2002:7f00:1::", False)),
        *(("nonsense", False), ("1.1.1.1", True), ("2606:4700::1111", True), ("64:ff9b::101:101", True)),
    ],
)
def test_public_addresses_are_told_from_private_ones(address, public):
    """Private, shared, link-local, multicast and reserved ones are not public, in IPv6 clothes neither."""
    assert private_addresses.is_public(address) is public


def test_redirects_and_listed_pages_are_checked_too(site, monkeypatch):
    """127.0.0.1 stands for a public address here, 127.0.0.2 for a private one."""
    monkeypatch.setattr(private_addresses, "is_public", lambda address: address == "127.0.0.1")
    inner = site.url.replace("127.0.0.1", "127.0.0.2")
    site.sitemap("/map.xml", ("/a", ""), (f"{inner}/secret", ""), ("/moved", ""))
    site.put("/a", "<p>a")
    site.put("/secret", "<p>secret")
    site.put("/moved", "", status=302, Location=f"{inner}/secret")
    source = HttpConnector(f"{site.url}/map.xml", limits=QUICK)

    assert list(documents(source)) == [f"{site.url}/a"]
    told = failures(source)
    assert set(told) == {f"{inner}/secret", f"{site.url}/moved"}
    assert all("private network" in reason for reason in told.values())
    assert "/secret" not in site.paths()


def test_what_was_looked_up_is_what_is_connected_to(site, monkeypatch):
    """A name that changes its address between the check and the connection gains nothing."""
    answers = [["127.0.0.9", "127.0.0.1"], ["127.0.0.9"]]

    def look_up(host, port, *_, **__):
        addresses = answers.pop(0) if host == "example.org" else [host]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(private_addresses.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(private_addresses, "is_public", lambda address: address == "127.0.0.1")
    backend = private_addresses.CheckedBackend(allow_private=False)

    stream = backend.connect_tcp("example.org", site.server.server_port, 1)
    peer = stream.get_extra_info("server_addr")
    stream.close()

    assert peer[0] == "127.0.0.1"
    with pytest.raises(private_addresses.AddressRefused, match=r"127\.0\.0\.9"):
        backend.connect_tcp("example.org", site.server.server_port, 1)


def test_an_encrypted_page_is_checked_by_its_name(site, tmp_path, monkeypatch):
    """The connection goes to an address, and the certificate must still bear the name."""
    ssl = pytest.importorskip("ssl")
    certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    port = site.server.server_port
    site.put("/a", "<p>a")
    site.put("/down", "", status=302, Location=f"http://localhost:{port}/a")

    (document,) = HttpConnector(f"https://localhost:{port}/a", allow_private=True, limits=QUICK).documents()

    assert document.text == "a"
    with pytest.raises(ConnectorError, match=r"does not answer.*certificate"):
        list(HttpConnector(f"https://127.0.0.1:{port}/a", allow_private=True, limits=QUICK).documents())
    with pytest.raises(ConnectorError, match="from https to an address without"):
        list(HttpConnector(f"https://localhost:{port}/down", allow_private=True, limits=QUICK).documents())


def make_certificate(folder):
    """A certificate for the name localhost, and its key, in one file."""
    pytest.importorskip("cryptography", reason="needs cryptography to make a certificate")
    from datetime import timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "localhost.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*form))
    return path


@pytest.mark.parametrize(
    "url", ["ftp://x/", "http://", "https:///path", "http://ada:geheim@example.org/", "nonsense"]
)
def test_what_is_no_web_address_is_an_error(url):
    """A password would stand in every document's URI."""
    with pytest.raises(ConnectorError, match="without user and password"):
        HttpConnector(url)


def test_a_cache_folder_that_cannot_be_made_is_an_error(site, tmp_path):
    """Before anything is fetched."""
    (tmp_path / "file").touch()

    with pytest.raises(ConnectorError, match="cannot be made"):
        list(connector(site, "/a", cache_folder=tmp_path / "file" / "cache").documents())


def test_proxies_of_the_environment_are_not_asked(site, monkeypatch):
    """Through a proxy nobody could say what is connected to."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    site.put("/a", "<p>a")

    assert len(documents(connector(site, "/a"))) == 1
