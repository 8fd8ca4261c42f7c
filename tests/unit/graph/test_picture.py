"""Pictures of small graphs: every box and line once, nothing on top of another, nothing from outside."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import combinations

import pytest

from hippograph.graph.picture import MOST_LINES, STYLE, THICKEST, THINNEST, WIDTHS, Box, Line, draw, wrapped

COLUMNS = ["start", "first", "between", "second"]
BOXES = [
    Box(10, 0, "entity", "Ada Lovelace", detail="named in the question"),
    Box(11, 0, "entity", "Luigi Menabrea"),
    Box(1, 1, "passage", "Ada Lovelace", note="rank 1 · cited", detail="She translated.", is_strong=True),
    Box(2, 1, "passage", "Analytical Engine", note="rank 2"),
    Box(3, 3, "passage", "Chambéry", note="rank 3"),
]
LINES = [
    Line(10, 1, 1.0, "mention", "Ada Lovelace – Ada Lovelace"),
    Line(11, 2, 4.0, "mention", "Menabrea – Engine"),
    Line(10, 11, 2.0, "fact", "translated an article by"),
    Line(2, 3, 1.0, "synonymy"),
]
SVG = "{http://www.w3.org/2000/svg}"


def tree(svg):
    return ElementTree.fromstring(svg)


def rectangles(svg):
    """Left, top, right and bottom of each box, by its class n<id>."""
    found = {}
    for group in tree(svg).iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        if rect is not None:
            x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
            number = int(re.search(r"\bn(\d+)", group.get("class"))[1])
            found[number] = (x, y, x + width, y + height)
    return found


def test_every_box_and_every_line_is_drawn_once():
    """With its label, its note and what is told on hover."""
    svg = draw(BOXES, LINES, COLUMNS)
    root = tree(svg)
    classes = [group.get("class") for group in root.iter(f"{SVG}g")]
    told = [title.text for title in root.iter(f"{SVG}title")]

    assert sorted(rectangles(svg)) == [1, 2, 3, 10, 11]
    assert sum(name.startswith("tie") for name in classes) == len(LINES)
    assert "Ada Lovelace\nShe translated." in told
    assert "translated an article by" in told
    assert "box passage n1 strong" in classes
    assert "tie fact n10 n11" in classes


def test_columns_stand_from_left_to_right_and_one_without_a_box_takes_no_room():
    """Nothing stands between: columns 0, 1 and 3 are as far apart as neighbours, and "between" is not written."""
    svg = draw(BOXES, LINES, COLUMNS)
    boxes = rectangles(svg)
    words = [text.text for text in tree(svg).iter(f"{SVG}text") if text.get("class") == "column"]

    assert (
        boxes[10][0] == boxes[11][0] < boxes[10][2] < boxes[1][0] == boxes[2][0] < boxes[1][2] < boxes[3][0]
    )
    assert boxes[3][0] - boxes[1][2] == pytest.approx(boxes[1][0] - boxes[10][2])
    assert words == ["start", "first", "second"]


def test_no_box_covers_another_and_all_lie_within_the_picture():
    """However long the labels are."""
    many = [
        Box(n, n % 4, ("entity", "passage")[n % 2], "word " * (n % 30) + "x" * n, f"rank {n}")
        for n in range(40)
    ]
    svg = draw(many, [Line(n, n + 1, 1.0, "mention") for n in range(39)], COLUMNS)
    boxes = rectangles(svg)
    width, height = (float(tree(svg).get(name)) for name in ("width", "height"))

    for (a, b, c, d), (e, f, g, h) in combinations(boxes.values(), 2):
        assert c <= e or g <= a or d <= f or h <= b
    assert all(
        x >= 0 and y >= 0 and right <= width and bottom <= height for x, y, right, bottom in boxes.values()
    )


def test_boxes_that_belong_together_stand_at_one_height():
    """Straight lines cross nothing: two pairs, given crosswise, are put beside each other."""
    boxes = [
        Box(0, 0, "entity", "a"),
        Box(1, 0, "entity", "b"),
        Box(2, 1, "passage", "a"),
        Box(3, 1, "passage", "b"),
    ]
    placed = rectangles(draw(boxes, [Line(0, 3, 1, "mention"), Line(1, 2, 1, "mention")], COLUMNS))

    assert (placed[0][1] < placed[1][1]) == (placed[3][1] < placed[2][1])


def test_heavier_lines_are_thicker():
    """From the thinnest for the lightest to the thickest for the heaviest, by the root of the weight between."""
    found = re.findall(r'stroke-width="([\d.]+)"', draw(BOXES, LINES, COLUMNS))
    third = THINNEST + (THICKEST - THINNEST) * (1 / 3) ** 0.5

    assert [float(width) for width in found] == pytest.approx(
        [THINNEST, THICKEST, third, THINNEST], abs=0.006
    )


def test_the_same_graph_gives_the_same_bytes():
    """Nothing is drawn by chance."""
    assert draw(BOXES, LINES, COLUMNS) == draw(BOXES, LINES, COLUMNS)


def test_hostile_names_stay_text():
    """Labels, details and headings come from documents: nothing in them becomes markup."""
    evil = '</title><script>alert(1)</script>"&<'
    boxes = [replace(BOXES[0], label=evil, note=evil, detail=evil), BOXES[2]]
    svg = draw(boxes, [Line(10, 1, 1.0, "mention", evil)], [evil, evil])

    assert "<script" not in svg
    assert {element.tag.removeprefix(SVG) for element in tree(svg).iter()} == {
        "svg", "style", "g", "title", "rect", "text", "path",
    }  # fmt: skip
    assert tree(svg).findall(f".//{SVG}title")[0].text == evil


def test_nothing_is_loaded_from_elsewhere():
    """No link, no script, no import: a picture is one file."""
    svg = draw(BOXES, LINES, COLUMNS)

    assert not re.search(r"href|<script|@import|url\(", svg)
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_a_graph_without_lines_or_boxes_is_a_picture_too():
    """Nothing to order, nothing to weigh."""
    assert len(rectangles(draw(BOXES, [], COLUMNS))) == 5
    assert rectangles(draw([], [], COLUMNS)) == {}


@pytest.mark.parametrize("label", ["", "short", "many words " * 20, "x" * 500, "语言" * 40])
def test_labels_are_cut_to_the_lines_of_their_box(label):
    """At most three, each with room for an ellipsis."""
    lines = wrapped(label, WIDTHS["entity"])

    assert 1 <= len(lines) <= MOST_LINES
    assert all(len(line) <= 24 for line in lines)


def test_light_and_dark_have_their_own_colours():
    """Every colour is a variable, and each variable has a value in both."""
    light, dark = STYLE.split("@media (prefers-color-scheme: dark)")
    used = set(re.findall(r"var\((--[a-z-]+)\)", STYLE))

    assert used <= set(re.findall(r"(--[a-z-]+):", light))
    assert used <= set(re.findall(r"(--[a-z-]+):", dark))
