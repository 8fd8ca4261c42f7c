"""Sources on the command line: losses are asked about, private ranges are named, sources are forgotten."""

import json

import pytest
from typer.testing import CliRunner

from connectors.web_client import Limits
from hippograph.cli.app import app
from hippograph.cli.sources import open_sources
from hippograph.errors import SettingsError

pytestmark = pytest.mark.usefixtures("environment_without_a_model")


def run(*arguments):
    """The result of a command: exit_code, stdout, stderr."""
    return CliRunner().invoke(app, [str(each) for each in arguments], prog_name="hippograph")


@pytest.fixture
def notes(tmp_path):
    """Two notes in a folder, and one beside it."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "one.md").write_text("One note tells of Port One.")
    for name in ("a", "b"):
        (tmp_path / "notes" / f"{name}.md").write_text(f"Note {name} tells of Port {name.upper()}.")
    return tmp_path / "notes"


def test_a_loss_is_asked_about_and_accepted_by_a_flag(notes):
    """The work failed, with one sentence that names the flag; with the flag it is done."""
    run("index", notes, notes.parent / "one.md", "--quiet")
    for path in notes.iterdir():
        path.unlink()
    asked = run("index", notes, "--quiet")
    accepted = run("index", notes, "--accept-loss", "--quiet", "--json")

    assert asked.exit_code == 1
    assert "gives no documents now and gave 2 before: 2 are gone (a.md, b.md)" in asked.stderr
    assert "--accept-loss" in asked.stderr
    assert accepted.exit_code == 0
    assert json.loads(accepted.stdout)["deleted"] == ["a.md", "b.md"]


def test_the_share_that_may_go_is_a_setting(notes, monkeypatch):
    """Read from the environment like any other."""
    for number in range(10):
        (notes / f"{number}.md").write_text(f"Note {number} tells of Port {number}.")
    run("index", notes, "--quiet")
    (notes / "a.md").unlink()
    monkeypatch.setenv("HIPPOGRAPH_SOURCES__MAX_LOSS", "0")

    assert run("index", notes, "--quiet").exit_code == 1
    monkeypatch.setenv("HIPPOGRAPH_SOURCES__MAX_LOSS", "0.1")
    assert run("index", notes, "--quiet").exit_code == 0


def test_a_source_that_is_gone_is_forgotten_by_its_path(notes):
    """The message of the missing folder says how; one that the index never held is told with those it holds."""
    run("index", notes, notes.parent / "one.md", "--quiet")
    notes.rename(notes.parent / "away")
    missing = run("index", notes, "--quiet")
    done = run("forget", notes, "--quiet", "--json")
    unknown = run("forget", notes, "--quiet")

    assert missing.exit_code == 1
    assert "hippograph forget" in missing.stderr
    assert done.exit_code == 0
    assert json.loads(done.stdout)["deleted"] == ["a.md", "b.md"]
    assert unknown.exit_code == 1
    assert f"file:{notes.parent / 'one.md'} (1 document)" in unknown.stderr


def test_web_sources_follow_the_settings(tmp_path, monkeypatch):
    """Ranges of the settings and of the call add up; limits and the cache folder come from the settings."""
    pytest.importorskip("httpx", reason="needs the extra 'web'")
    monkeypatch.setenv("HIPPOGRAPH_SOURCES__ALLOW_PRIVATE", '["10.0.0.0/8"]')
    monkeypatch.setenv("HIPPOGRAPH_SOURCES__LARGEST_PAGE_MB", "2")
    monkeypatch.setenv("HIPPOGRAPH_SOURCES__CACHE_FOLDER", str(tmp_path / "kept"))

    (source,) = open_sources(["https://example.org/"], (), (), tmp_path / "index", ["192.168.0.0/16"])

    assert source._allow_private == ("10.0.0.0/8", "192.168.0.0/16")
    assert source._limits == Limits(largest_bytes=2 << 20)
    assert source._cache == tmp_path / "kept" / "pages"


def test_a_range_that_is_none_is_a_wrong_call(notes):
    """Told before anything is read."""
    done = run("index", notes, "--allow-private", "intranet")

    assert done.exit_code == 2
    assert "sources.allow_private" in done.stderr
    with pytest.raises(SettingsError):
        open_sources([str(notes)], (), (), notes, ["intranet"])
