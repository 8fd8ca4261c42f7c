"""The session of examples/with_a_model.py: commands against a replayed model, and what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY, WITHOUT_A_MODEL

pytest.importorskip("openai", reason="the extra llm is not installed")

SCRIPT = REPOSITORY / "examples" / "with_a_model.py"


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """What the session prints, run from a folder of no interest, without a key in reach."""
    without_key = {name: value for name, value in os.environ.items() if "KEY" not in name}
    chosen = {f"HIPPOGRAPH_MODELS__{name.upper()}": value for name, value in WITHOUT_A_MODEL.items()}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env={**without_key, **chosen, "TERM": "dumb", "PYTHONIOENCODING": "utf-8"},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def section(session, title):
    """The lines below a title, up to the next one."""
    lines = session.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(title))
    end = next((n for n in range(start + 1, len(lines)) if lines[n].endswith("──")), len(lines))
    return lines[start + 1 : end]


def test_every_passage_is_read_in_two_calls(session):
    """As planned before: nothing is refused, and the facts of a passage are shown."""
    planned = re.search(
        r"^ all +(\d+) +(\d+) ", "\n".join(section(session, "What it would take")), re.MULTILINE
    )
    read = "\n".join(section(session, "Extraction"))

    assert planned is not None
    passages, calls = map(int, planned.groups())
    assert calls == 2 * passages
    assert f"{passages} upgraded" in read
    assert f"The model took {calls} calls" in read
    assert "refused" not in read
    assert "  The Salt Ledger film directed by Jorun Vike" in read


def test_facts_are_recognised_by_number(session):
    """Five facts are shown with numbers; the one that helps is marked, others are not."""
    shown = [line for line in section(session, "Recognition") if re.match(r"  [✓·] \[\d\] ", line)]

    assert [line[4:7] for line in shown] == [f"[{number}]" for number in range(1, 6)]
    assert [line[8:] for line in shown if "✓" in line] == ["the salt ledger film directed by jorun vike"]


def test_two_hops_lead_to_a_streamed_cited_answer(session):
    """A thought is searched for; each sentence cites a sentence of another document."""
    told = section(session, "Two hops and an answer")
    asked = next(place for place, line in enumerate(told) if line.startswith("$ hippograph ask"))

    assert told[asked + 1 : asked + 3] == [
        "The film The Salt Ledger was directed by Jorun Vike. [1]",
        "Jorun Vike was born in Marren in 1919. [2]",
    ]
    assert "The Salt Ledger (film)  films/the-salt-ledger-film.md" in told
    assert "Marren  films/marren.md" in told
    assert "searched for: Jorun Vike, who directed it, was born in the town of" in told
    assert " · 2 searches · " in "\n".join(told)
    assert "  ✓ [1] jorun vike was born in marren" in told  # what the second search started from


def test_the_calls_are_counted_by_purpose(session):
    """One recognition for each of the three searches, two thoughts, one answer."""
    counted = re.findall(r"^ +(\d+)  (\w+)", "\n".join(section(session, "What was asked")), re.MULTILINE)

    assert [(purpose, int(count)) for count, purpose in counted[1:]] == [
        ("recognising", 3),
        ("reasoning", 2),
        ("writing", 1),
    ]
