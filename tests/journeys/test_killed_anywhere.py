"""Killed anywhere: whatever moment a run is stopped at, the next one ends in the index of an undisturbed run."""

import os

import pytest

from eval.journal import (
    EMBEDDED,
    READ,
    TOLD,
    Journal,
    Trap,
    read_journal,
    repetitions,
    work_done,
    work_finished,
)
from eval.kills import SCENARIOS, measure_kills
from hippograph.errors import HippographError
from hippograph.storage.stage import Stage

FAULTS = ("unequal", "torn", "repeated_reads", "repeated_embeddings")


def told(step, done, total):
    """Nobody listens."""


def faults(report):
    return {
        (row["run"], row["killed_at"], *row["examples"])
        for row in report["rows"]
        if any(row[f] for f in FAULTS)
    }


def test_kills_at_random_moments_leave_no_trace():
    """Twenty kills of first and later runs: the same index, no half version for readers, no finished work twice."""
    report = measure_kills(20, 0, seed=7, progress=told, scenarios=("build", "update"))

    assert faults(report) == set()
    assert [(row["run"], row["kills"], row["equal"]) for row in report["rows"]] == [
        ("build", 10, 10),
        ("update", 10, 10),
    ]


def test_a_stage_killed_while_it_is_made_can_be_opened(tmp_path):
    """Whichever statement of a first run is the last, the next run is let in."""
    refused = []
    for place in range(1, 40):
        folder = tmp_path / str(place)
        if not dies_opening_a_stage(folder, tmp_path / "log", place):
            break
        try:
            Stage(folder).__exit__(None, None, None)
        except HippographError as error:
            refused.append((place, str(error)))

    assert 3 < place < 40
    assert refused == []


def dies_opening_a_stage(folder, log, place):
    """Whether a child that opens a stage comes as far as that statement, which kills it."""
    child = os.fork()
    if not child:
        Trap(Journal(log), folder, "statements", place)
        with Stage(folder):
            pass
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.slow
def test_kills_at_two_hundred_moments_and_at_every_named_step_leave_no_trace():
    """The same at length, compaction included, and at each place where a run tells, reads, embeds or writes."""
    report = measure_kills(200, 30, seed=0, progress=told)

    assert faults(report) == set()
    assert sum(row["kills"] for row in report["rows"] if row["killed_at"] == "random moments") == 200
    assert {row["run"] for row in report["rows"]} == set(SCENARIOS)


def test_work_counts_as_finished_once_progress_was_told_past_it(tmp_path):
    """Each step counts from where the one before it ended; what was begun after the last word is under way."""
    journal = Journal(tmp_path / "log")
    journal.write(READ, ["one", "two"])
    journal.write(TOLD, "extracting facts", 2)
    journal.write(READ, ["three"])
    journal.write(TOLD, "embedding", 0)
    journal.write(EMBEDDED, ["a", "b"])
    journal.write(TOLD, "embedding", 2)
    journal.write(TOLD, "embedding more", 0)
    journal.write(EMBEDDED, ["c"])
    journal.write(TOLD, "embedding more", 1)
    journal.write(EMBEDDED, ["d"])

    assert work_done(tmp_path / "log", READ) == ["one", "two", "three"]
    assert work_finished(tmp_path / "log", READ) == ["one", "two"]
    assert work_finished(tmp_path / "log", EMBEDDED) == ["a", "b", "c"]


def test_a_line_that_was_cut_off_is_not_read(tmp_path):
    """A journal ends with its last whole line."""
    (tmp_path / "log").write_text('["told", "publishing", 1]\n["read", ["on')

    assert read_journal(tmp_path / "log") == [["told", "publishing", 1]]
    assert read_journal(tmp_path / "none") == []


def test_every_call_for_finished_work_is_a_repetition():
    """Two calls for one finished text count twice; a new text counts nothing."""
    assert repetitions(["a", "b"], ["a", "c", "a"]) == 2


def test_a_trap_kills_the_process_at_its_place(tmp_path):
    """The second flush of a child is its last."""
    child = os.fork()
    if not child:
        Trap(Journal(tmp_path / "log"), tmp_path, "flushes", 2)
        with (tmp_path / "file").open("w") as file:
            os.fsync(file.fileno())
        os._exit(0)
    _, status = os.waitpid(child, 0)

    assert os.WIFSIGNALED(status)
