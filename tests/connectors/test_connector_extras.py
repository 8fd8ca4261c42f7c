"""Connectors whose packages are not installed say which extra brings them."""

import sys

import pytest

from connectors.http import HttpConnector
from connectors.object_store import ObjectStoreConnector
from connectors.sql import SqlConnector
from connectors.web_lists import ListKind, listed_pages
from hippograph.errors import MissingExtra


@pytest.mark.parametrize(
    ("package", "extra", "use"),
    [
        ("httpx", "web", lambda: list(HttpConnector("https://example.org/").documents())),
        ("feedparser", "web", lambda: list(listed_pages(b"<rss/>", ListKind.FEED, "https://example.org/"))),
        ("fsspec", "cloud", lambda: ObjectStoreConnector("s3://bucket/folder")),
        ("sqlalchemy", "sql", lambda: SqlConnector("sqlite:///x.db", "select 1", "id", ["text"])),
    ],
)
def test_a_missing_package_names_its_extra(monkeypatch, package, extra, use):
    """The message is the command that installs it."""
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MissingExtra, match=rf"pip install 'hippograph\[{extra}\]'"):
        use()
