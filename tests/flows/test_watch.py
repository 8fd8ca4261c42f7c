"""`hippograph watch`: rounds on a monotonic clock that outlive what may pass, and end when they are told to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hippograph.cli.app import app
from hippograph.cli.watch import index_what_can_be_read, rounds, seconds_of
from hippograph.errors import (
    BudgetSpent,
    ConnectorError,
    IndexDamaged,
    IndexMismatch,
    ModelRefused,
    PublishConflict,
    SettingsError,
    SourceShrunk,
    SourceUnavailable,
)

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class HandClock:
    """A monotonic clock that moves when something sleeps or works, and remembers how long it slept."""

    seconds: float = 100.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self):
        return self.seconds

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.seconds += seconds


def run_rounds(clock, works, every, now=lambda: datetime(2026, 1, 1, tzinfo=UTC)):
    """Rounds whose work takes as long as `works` says, or fails with the error that stands there."""
    script = iter(works)

    def index_once():
        work = next(script)
        if isinstance(work, Exception):
            raise work
        clock.seconds += work
        return (), ()

    return rounds(index_once, every, len(works), monotonic=clock.monotonic, sleep=clock.sleep, now=now)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("30s", 30),
        ("10m", 600),
        ("1h30m", 5400),
        (" 1 H 30 M ", 5400),
        ("1.5h", 5400),
        ("1d", 86400),
        ("2w", 1209600),
    ],
)
def test_an_interval_is_numbers_with_their_units(words, seconds):
    """30s, 10m, 1h30m, 1d and 2w are as long as they say."""
    assert seconds_of(words) == seconds


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "is no interval"),
        ("10", "is no interval"),
        ("m", "is no interval"),
        ("ten minutes", "is no interval"),
        ("10 minutes", "is no interval"),
        ("-5m", "is no interval"),
        ("5m!", "is no interval"),
        ("٣m", "is no interval"),
        ("0s", "too short"),
        ("0.5s", "too short"),
        ("400d", "too long"),
        ("9" * 400 + "d", "too long"),
    ],
)
def test_what_is_no_interval_is_refused_in_a_sentence(words, sentence):
    """An interval without a unit, of nothing, or of more than a year is a wrong setting."""
    with pytest.raises(SettingsError, match=sentence):
        seconds_of(words)


def test_rounds_begin_at_multiples_of_the_interval():
    """A round that takes three seconds of ten is followed by seven seconds of waiting, and none follows the last."""
    clock = HandClock()

    list(run_rounds(clock, [3, 3, 3], every=10))

    assert clock.slept == [7, 7]


def test_a_round_that_takes_longer_than_the_interval_drops_those_it_missed():
    """After twenty-five seconds of work the next round begins at thirty; those of ten and twenty are left out."""
    clock = HandClock()

    list(run_rounds(clock, [25, 1], every=10))

    assert clock.slept == [5]


def test_a_wall_clock_that_jumps_back_does_not_stall_the_watch():
    """Waiting goes by the monotonic clock: a year back on the wall changes no waiting time."""
    clock = HandClock()
    moments = iter(datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=365 * n) for n in range(3))

    runs = list(run_rounds(clock, [1, 1, 1], every=10, now=lambda: next(moments)))

    assert clock.slept == [9, 9]
    assert [run.seconds for run in runs] == [1, 1, 1]


@pytest.mark.parametrize(
    "error",
    [PublishConflict("held"), SourceUnavailable("down"), ConnectorError("gone"), BudgetSpent("spent")],
)
def test_an_error_that_may_pass_is_told_and_the_next_round_comes(error):
    """Another writer, a source that fails, a budget that is spent: the next round may go well."""
    first, second = run_rounds(HandClock(), [error, 2], every=10)

    assert (first.errors, second.errors) == ((error,), ())


@pytest.mark.parametrize("error", [IndexMismatch("other"), IndexDamaged("torn"), ModelRefused("key")])
def test_an_error_that_stays_ends_the_watch(error):
    """What somebody must mend is raised, not repeated for ever."""
    with pytest.raises(type(error)):
        list(run_rounds(HandClock(), [error, 2], every=10))


def test_what_was_published_is_told_before_an_error_that_stays_ends_the_watch():
    """A model that refuses its key ends the watch, but not before the line of what the rules have published."""
    refused = ModelRefused("key")
    runs = rounds(lambda: (("a report",), (refused,)), 10, 5, sleep=lambda seconds: None)

    assert next(runs).errors == (refused,)
    with pytest.raises(ModelRefused):
        next(runs)


def test_without_a_number_of_times_it_goes_on():
    """No number of times: there is always another round."""
    clock = HandClock()

    runs = islice(rounds(lambda: ((), ()), 10, None, monotonic=clock.monotonic, sleep=clock.sleep), 50)

    assert [run.number for run in runs] == list(range(1, 51))


def test_a_source_that_fails_does_not_hold_up_the_others(tmp_path, settings, parts):
    """The documents of a source that cannot be read stay as they were; those of the others are brought up to date."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, text in (
        (first, "Ada Berg built the Orrin mill."),
        (second, "Ole Dahl owns the Vale quarry."),
    ):
        folder.mkdir()
        (folder / f"{folder.name}.md").write_text(text)
    sources, index = [str(first), str(second)], tmp_path / "index"
    index_what_can_be_read(sources, index, parts, settings)
    (second / "second.md").unlink()
    (first / "more.md").write_text("The Orrin mill stands in Vale.")

    reports, errors = index_what_can_be_read(sources, index, parts, settings)

    assert [type(error) for error in errors] == [SourceShrunk]
    assert str(second) in str(errors[0])
    assert [report.version.document_count for report in reports] == [3]


def test_no_source_at_all_is_a_failed_round(tmp_path, settings, parts):
    """Where nothing can be read, nothing is published, and the round says why."""
    reports, errors = index_what_can_be_read([str(tmp_path / "none")], tmp_path / "index", parts, settings)

    assert reports == []
    assert "There is nothing at" in str(errors[0])
    assert not (tmp_path / "index").exists()


def test_one_line_a_round(environment_without_a_model, tmp_path):
    """The first round publishes, the second finds nothing to do, and each says so in one line."""
    Path("notes").mkdir()
    Path("notes/ada.md").write_text("Ada Berg built the Orrin mill.")

    result = CliRunner().invoke(app, ["watch", "notes", "--every", "1s", "--times", "2", "--quiet"])

    first, second = result.stdout.splitlines()
    assert "version 1 is published: 1 added" in first
    assert "nothing changed, version 1 stays" in second
    assert result.exit_code == 0


def test_a_last_round_that_failed_is_told_by_the_exit_code(environment_without_a_model):
    """A watch of one round over a folder that is not there says why and ends with 1."""
    result = CliRunner().invoke(app, ["watch", "none", "--every", "1s", "--times", "1", "--json", "--quiet"])

    run = json.loads(result.stdout)
    assert result.exit_code == 1
    assert run["version"] is None
    assert [error["kind"] for error in run["errors"]] == ["ConnectorError"]


def test_a_grade_without_its_model_is_a_wrong_call(environment_without_a_model):
    """What the next round would meet again ends the watch at once."""
    Path("notes").mkdir()
    Path("notes/ada.md").write_text("Ada Berg built the Orrin mill.")

    result = CliRunner().invoke(app, ["watch", "notes", "--every", "1s", "--grade", "llm", "--quiet"])

    assert (result.exit_code, result.stdout) == (2, "")
    assert "needs a language model" in result.stderr


def test_a_bad_interval_is_a_wrong_call(environment_without_a_model):
    """A wrong interval ends the command with 2 before anything is read."""
    result = CliRunner().invoke(app, ["watch", "notes", "--every", "soon"])

    assert result.exit_code == 2
    assert "'soon' is no interval" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_changes_are_seen_and_a_stop_is_clean(environment_without_a_model, tmp_path, number):
    """A document written between two rounds is in the next version; a signal ends the watch with 0 and no traceback."""
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "ada.md").write_text("Ada Berg built the Orrin mill.")
    command = [sys.executable, "-m", "hippograph", "watch", str(notes), "--every", "1s", "--json"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    ) as process:
        first = json.loads(process.stdout.readline())
        (notes / "mill.md").write_text("The Orrin mill stands in Vale.")
        later = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(number)
        _, complaints = process.communicate(timeout=60)

    assert (first["version"], first["added_count"]) == (1, 1)
    assert (later[-1]["version"], sum(run["added_count"] for run in later)) == (2, 1)
    assert process.returncode == 0
    assert complaints.splitlines()[-1] == "Stopped. Nothing that was finished is lost."
    assert "Traceback" not in complaints
