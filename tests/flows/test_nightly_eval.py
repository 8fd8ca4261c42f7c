"""The nightly flow: it keeps the first night's numbers, holds later nights against them, and fails when they fell."""

from __future__ import annotations

import pytest

from tests.small_matrices import matrix_of

pytest.importorskip("prefect", reason="the flows extra is not installed")
pytest.importorskip("matplotlib", reason="the report extra is not installed")

from flows import nightly_eval as nightly

HIGH, LOW = [1.0] * 40, [0.0] * 20 + [1.0] * 20


def night_of(ours):
    return matrix_of({"s": {"dense": [0.5] * 40, "bm25": [0.4] * 40, "hippograph": ours}})


def test_the_first_night_is_kept_and_the_second_is_held_against_it(tmp_path):
    """The same numbers again are compared and did not fall."""
    first = nightly.compare(night_of(HIGH), tmp_path, keep=False)
    second = nightly.compare(night_of(HIGH), tmp_path, keep=False)

    assert (first.is_kept, first.changes) == (True, ())
    assert second.is_kept is False
    assert [(c.method, c.comparison.difference, c.fell) for c in second.changes] == [
        ("hippograph", 0.0, False)
    ] * 2


def test_a_night_that_fell_does_not_become_the_one_to_hold(tmp_path):
    """The night after a fall is still held against the good one, until somebody keeps the lower numbers."""
    nightly.compare(night_of(HIGH), tmp_path, keep=False)
    fell = nightly.compare(night_of(LOW), tmp_path, keep=False)
    again = nightly.compare(night_of(LOW), tmp_path, keep=False)
    accepted = nightly.compare(night_of(LOW), tmp_path, keep=True)
    after = nightly.compare(night_of(LOW), tmp_path, keep=False)

    assert [any(change.fell for change in night.changes) for night in (fell, again, after)] == [
        True,
        True,
        False,
    ]
    assert accepted.is_kept


def test_the_complaint_names_what_fell_and_what_to_do(tmp_path):
    """Metric, method, set and both numbers."""
    nightly.compare(night_of(HIGH), tmp_path, keep=False)
    night = nightly.compare(night_of(LOW), tmp_path, keep=False)
    words = nightly.complaint([change for change in night.changes if change.fell], night.report)

    assert "recall@5 of hippograph on s from 1.000 to 0.500" in words
    assert "--keep" in words


def test_the_artifact_begins_with_what_changed_and_holds_the_report(tmp_path):
    """Plots are files beside it, so they are left out there."""
    nightly.compare(night_of(HIGH), tmp_path, keep=False)
    matrix = night_of(LOW)
    words = nightly.markdown_of(nightly.compare(matrix, tmp_path, keep=False), matrix)

    assert words.index("**fell**") < words.index("## Quality by method")
    assert "![" not in words


@pytest.mark.prefect
@pytest.mark.usefixtures("prefect_server")
def test_the_flow_fails_when_quality_fell_and_leaves_its_report_either_way(tmp_path, monkeypatch):
    """A good night, then a bad one: the run raises, and both left a Markdown artifact."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

    nights = iter([night_of(HIGH), night_of(LOW)])
    monkeypatch.setattr(nightly, "measure", lambda *given: next(nights))
    kept = nightly.nightly_eval(["s"], baseline=tmp_path)
    with pytest.raises(nightly.QualityFell, match="recall@2 of hippograph on s"):
        nightly.nightly_eval(["s"], baseline=tmp_path)
    with get_client(sync_client=True) as client:
        filter_ = ArtifactFilter(key=ArtifactFilterKey(any_=[nightly.ARTIFACT]))
        left = [artifact.data for artifact in client.read_artifacts(artifact_filter=filter_)]

    assert kept.is_kept
    assert sorted("**fell**" in words for words in left) == [False, True]


def test_the_command_ends_with_one_when_quality_fell(tmp_path, monkeypatch, capsys):
    """And says in one sentence what fell; with a schedule it serves instead of running."""

    def fall(**given):
        raise nightly.QualityFell("Quality fell beyond chance: x.")

    monkeypatch.setattr(nightly, "nightly_eval", fall)

    assert nightly.main(["s", "--baseline", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "Quality fell beyond chance: x.\n"
