"""HTML: what a reader sees, in paragraphs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.parsers.html import visible_text


def text_of(markup):
    parser = pytest.importorskip("selectolax.lexbor").LexborHTMLParser(markup)
    return visible_text(parser.body)


def test_a_page_is_its_visible_text(folder, read):
    """Scripts, styles, menus and hidden parts are dropped; title and date come from the head."""
    (folder / "a.html").write_text(
        """<!doctype html><html><head><title>The  Page</title><style>p {}</style>
        <meta property="article:published_time" content="2026-01-05T11:00:00Z"></head>
        <body><nav><a href="/">Home</a></nav><h1>Rain</h1><script>var x = "<p>no</p>";</script>
        <p>It <b>rained</b>
        all&nbsp;day &amp; night.</p><div hidden>no</div><!-- no --><noscript>no</noscript><p>Then
        sun.</p></body>""",
        encoding="utf-8",
    )

    (document,) = read(folder).documents.values()

    assert document.text == "# Rain\n\nIt rained all day & night.\n\nThen sun."
    assert document.title == "The Page"
    assert document.timestamp == datetime(2026, 1, 5, 11, tzinfo=UTC)
    assert document.media_type == "text/html"


def test_the_first_large_heading_stands_in_for_a_missing_title(folder, read):
    """Without <title> it is <h1>, without that the stem."""
    (folder / "a.html").write_text("<title> </title><h1>The <i>Head</i></h1>x")
    (folder / "b-c.htm").write_text("<p>x")

    assert [document.title for document in read(folder).documents.values()] == ["The Head", "b c"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<br>b<br/><br>c", "a\nb\nc"),
        ("<p>a<p>b<div>c</div>d", "a\n\nb\n\nc\n\nd"),
        ("<ul><li>one<li>two <b>x</b><ul><li>in</ul></ul>after", "- one\n- two x\n\n- in\n\nafter"),
        ("<li><p>para</p></li>", "- para"),
        ("<h2>A<br>B</h2><h3></h3>text", "## A B\n\ntext"),
        ("<pre>x\n  y\n\n\n</pre>z", "x\n  y\n\nz"),
        ("<table><tr><th>a<th>b<tr><td>1<td> 2 </table>", "a | b\n1 | 2"),
        ("<table><tr><td><p>a</p></td><td><p>b</p></td></tr></table>", "a | b"),
        ("<table><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>", "a\n\nb\n\nc"),
        ("<table><tr><td>a<td>b<tr><td><td>2<tr><td>3<td><td>4</table>", "a | b\n2\n3 | 4"),
        ("a <b> b </b> c<i>d</i>e", "a b cde"),
        ("<span>a</span> <span>b</span><span>c</span>", "a bc"),
        ("x&#13;&#10;y &lt;p&gt;", "x y <p>"),
        ("<p>北京</p><p>القاهرة</p>", "北京\n\nالقاهرة"),
        ("", ""),
    ],
)
def test_breaks_stand_where_a_reader_sees_them(markup, text):
    """Paragraphs are set off by a blank line, lines by a line end, cells by a border."""
    assert text_of(markup) == text


def test_deeply_nested_pages_are_read():
    """Nesting is bounded by memory, not by the interpreter's stack."""
    assert text_of("<div>" * 20_000 + "deep" + "</div>" * 20_000).endswith("deep")


def test_a_declared_encoding_is_used(folder, read):
    """A page that is not UTF-8 is read as it declares."""
    (folder / "a.html").write_bytes('<meta charset="koi8-r"><p>да</p>'.encode("koi8_r"))

    (document,) = read(folder).documents.values()

    assert document.text == "да"
    assert document.metadata["encoding"] == "koi8-r"


@settings(deadline=None)
@given(
    st.recursive(
        st.text("ab <&\n", max_size=5),
        lambda inner: st.builds(
            lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>",
            st.sampled_from(["p", "div", "b", "li", "ul", "table", "tr", "td", "h2", "pre", "script", "br"]),
            st.lists(inner, max_size=4),
        ),
        max_leaves=12,
    )
)
def test_any_markup_gives_tidy_text(markup):
    """No white space at either end and none before a line end."""
    text = text_of(markup)

    assert text == text.strip()
    assert " \n" not in text
