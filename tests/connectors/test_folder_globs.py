"""Globs over relative paths, against worked examples and the standard library."""

import re
from fnmatch import translate

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connectors.globs import selection


@pytest.mark.parametrize(
    ("glob", "taken", "passed_over"),
    [
        ("*.md", ["a.md", "x/y/a.md"], ["a.MD", "a.md.txt", "md", ".md", ".x/a.md"]),
        ("./a.md", ["a.md", "x/a.md"], ["b.md"]),
        ("/a.md", ["a.md"], ["x/a.md"]),
        ("docs/*.md", ["docs/a.md"], ["docs/x/a.md", "x/docs/a.md", "docs/.a.md"]),
        ("docs/**", ["docs/a.md", "docs/x/a.md"], ["docs", "docs2/a.md", "docs/.x/a.md"]),
        ("docs", ["docs", "docs/a.md", "x/docs/y/a.md"], ["docs.md", "mydocs/a.md"]),
        ("docs/", ["docs/a.md", "x/docs/a.md"], ["docs.md"]),
        ("x/docs/", ["x/docs/a.md"], ["docs/a.md"]),
        ("**/b/*.md", ["b/a.md", "x/y/b/a.md"], ["xb/a.md", "b/c/a.md"]),
        ("a/**/z.md", ["a/z.md", "a/b/c/z.md"], ["z.md", "a/z", "ab/z.md"]),
        ("**", ["a", "x/y"], [".a", "x/.y", ".x/y"]),
        ("?.md", ["a.md", "北.md"], ["ab.md", ".md", "/.md"]),
        ("[ab]*.md", ["a.md", "bc.md"], ["c.md"]),
        ("[!ab].md", ["c.md"], ["a.md", ".md"]),
        ("[]].md", ["].md"], ["a.md"]),
        ("[a-c].md", ["b.md"], ["d.md", "-.md"]),
        ("[.md", ["[.md"], ["a.md"]),
        ("a+(b).md", ["a+(b).md"], ["aab.md"]),
        (".*", [".a", "x/.a"], ["a"]),
        (".git/**", [".git/a", ".git/x/a"], [".gitx/a"]),
    ],
)
def test_an_include_glob_takes_these_paths_and_no_others(glob, taken, passed_over):
    """A glob means what the table says."""
    chosen = selection([glob])

    assert [path for path in taken + passed_over if chosen.takes(path)] == taken


@pytest.mark.parametrize(
    ("glob", "left_out", "kept"),
    [
        ("*.md", ["a.md", ".a.md", "x/.y/a.md"], ["a.txt"]),
        ("drafts", ["drafts", "drafts/a", "x/drafts"], ["draft"]),
        ("a/**", ["a/.b", "a/b/c"], ["a"]),
    ],
)
def test_wildcards_of_an_exclude_glob_match_hidden_names_too(glob, left_out, kept):
    """What is left out is left out, hidden or not."""
    chosen = selection(exclude=[glob])

    assert [path for path in left_out + kept if chosen.leaves_out(path)] == left_out


@settings(deadline=None)
@given(st.text("ab*?[]!-.", min_size=1, max_size=6), st.text("ab-]!.", min_size=1, max_size=5))
def test_one_name_matches_as_fnmatch_says(glob, name):
    """Within one name the rules are those of the standard library's fnmatch."""
    assume("**" not in glob)

    assert selection(exclude=["/" + glob]).leaves_out(name) == bool(re.fullmatch(translate(glob), name))
