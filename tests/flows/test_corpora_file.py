"""The file of corpora and their schedules: what it may say, and one clear sentence for everything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from hippograph.errors import SettingsError

pytest.importorskip("prefect", reason="the flows extra is not installed")

from flows.corpora_file import read_corpora
from flows.corpus import Corpus

REPOSITORY = Path(__file__).resolve().parents[2]
GOOD = """
corpora:
  - name: handbook
    source: ./docs
    index: ./handbook-index
    interval: 10m
  - name: wiki
    sources: [git+https://example.org/wiki.git, ~/notes, /srv/wiki]
    index: /srv/index
    cron: "30 3 * * 1-5"
    timezone: Europe/Oslo
    exclude: [drafts]
    settings: {passage: {max_tokens: 100}}
"""


def in_file(folder: Path, text: str) -> Path:
    file = folder / "corpora.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def corpus(**lines: str) -> str:
    """A file of one corpus whose lines are these, the usual ones where nothing is said and left out where empty."""
    usual = {"name": "handbook", "source": "./docs", "index": "./index", "interval": "10m"}
    said = {key: value for key, value in {**usual, **lines}.items() if value}
    return "corpora:\n  - " + "\n    ".join(f"{key}: {value}" for key, value in said.items()) + "\n"


def test_a_file_lists_corpora_and_their_schedules(tmp_path, monkeypatch):
    """Paths are looked up from the file's folder, home folders are opened up, and URIs stay as they are."""
    monkeypatch.setenv("HOME", "/home/ada")
    handbook, wiki = read_corpora(in_file(tmp_path, GOOD))

    assert (handbook.name, handbook.interval, handbook.cron) == ("handbook", 600, None)
    assert handbook.sources == [str(tmp_path / "docs")]
    assert handbook.index == (tmp_path / "handbook-index").resolve()
    assert (wiki.cron, wiki.timezone, wiki.interval) == ("30 3 * * 1-5", "Europe/Oslo", None)
    assert wiki.sources == ["git+https://example.org/wiki.git", "/home/ada/notes", "/srv/wiki"]
    assert wiki.exclude == ["drafts"]


def test_a_flow_is_told_the_corpus_without_its_schedule(tmp_path):
    """The parameters of a run are JSON from which the flow makes the same corpus."""
    (_, wiki) = read_corpora(in_file(tmp_path, GOOD))

    told = Corpus.model_validate(wiki.parameters())

    assert told == Corpus(
        name="wiki",
        sources=wiki.sources,
        index=wiki.index,
        exclude=["drafts"],
        settings={"passage": {"max_tokens": 100}},
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            corpus(cron='"every day"', interval=""),
            "corpus 'handbook': 'every day' is no cron; write five fields",
        ),
        (corpus(cron='"61 * * * *"', interval=""), "'61 \\* \\* \\* \\*' is no cron"),
        (corpus(cron="* * * * *", interval=""), "line 5 is not YAML: .* A cron stands in quotation marks"),
        (corpus(interval="0s"), "corpus 'handbook': The interval '0s' is too short"),
        (corpus(interval="''"), "'' is no interval"),
        (corpus(interval="10"), "'10' is no interval. Write numbers with their units"),
        (corpus(interval=""), "give it either a cron or an interval"),
        (corpus(cron='"0 * * * *"'), "give it either a cron or an interval"),
        (corpus(timezone="Europe/Oslo"), "a time zone belongs to a cron"),
        (corpus(cron='"0 * * * *"', interval="", timezone="Mars/Olympus"), "'Mars/Olympus' is no time zone"),
        (corpus(source=""), "corpus 'handbook': source is missing"),
        (corpus(index=""), "corpus 'handbook': index is missing"),
        (corpus(name=""), "corpus 1: name is missing"),
        (corpus(sources="[a]"), "name source or sources, not both"),
        (corpus(intervall="10m"), "'intervall' is not known; known are accept_loss, budget, cron, exclude"),
        (corpus(grade="best"), "grade is wrong: Input should be 'lite' or 'llm'"),
        (corpus(budget="0"), "budget is wrong: Input should be greater than or equal to 1"),
        (corpus(name="a/b"), "a name may hold neither / nor %"),
        (corpus() + "    interval: 5m\n", "line 2 is not YAML: the key 'interval' stands twice"),
        ("corpora: [3]\n", "corpus 1 must be keys and values"),
        ("corpora: []\n", "lists no corpus"),
        ("corpus: []\n", "must hold one key, corpora"),
        ("", "must hold one key, corpora"),
        ("a: [", "is not YAML"),
        ("corpora: !!python/object/apply:os.getcwd []\n", "is not YAML"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path, text, sentence):
    """The file, the corpus and what to write instead, for every mistake that can be made."""
    file = in_file(tmp_path, text)

    with pytest.raises(SettingsError, match=f"corpora.yaml.*{sentence}") as caught:
        read_corpora(file)

    assert "\n" not in str(caught.value)


def test_two_schedules_on_one_index_are_refused(tmp_path):
    """Also where the index goes by two names, because one is a link to the other."""
    (tmp_path / "index").mkdir()
    (tmp_path / "link").symlink_to("index")
    text = corpus() + corpus(name="wiki", index="./link").removeprefix("corpora:\n")

    with pytest.raises(SettingsError, match=r"'handbook' and 'wiki' have the index '.*/index' in common"):
        read_corpora(in_file(tmp_path, text))


def test_two_corpora_of_one_name_are_refused(tmp_path):
    """Prefect would take the second for the first."""
    text = corpus() + corpus(index="./other").removeprefix("corpora:\n")

    with pytest.raises(SettingsError, match="have the name 'handbook' in common"):
        read_corpora(in_file(tmp_path, text))


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path):
    """Neither is a traceback."""
    with pytest.raises(SettingsError, match=r"none.yaml cannot be read: No such file or directory\."):
        read_corpora(tmp_path / "none.yaml")
    (tmp_path / "corpora.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not text in UTF-8"):
        read_corpora(tmp_path / "corpora.yaml")


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        (["none.yaml"], 2, "cannot be read"),
        (["corpora.yaml"], 2, "A schedule needs a Prefect server. Pass --start-server"),
        (["corpora.yaml", "--check"], 0, ""),
        (["corpora.yaml", "--start-server", "--port", "0"], 2, "is no port"),
    ],
)
def test_a_call_that_cannot_be_served_says_so(tmp_path, monkeypatch, capsys, fields, code, words):
    """A file that is not there, a server that nobody named: one sentence and the exit code of a wrong call."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.schedules import main

    monkeypatch.chdir(tmp_path)
    in_file(tmp_path, corpus())
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        assert main(fields) == code

    said = capsys.readouterr()
    assert words in said.err
    assert ("every 600 s" in said.out) == (code == 0)


def test_a_server_that_does_not_answer_is_named(tmp_path, capsys, unused_port):
    """Which address was asked, and what to do."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.schedules import main

    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{unused_port}/api"}):
        assert main([str(in_file(tmp_path, corpus()))]) == 1

    assert f"No Prefect server answers at http://127.0.0.1:{unused_port}/api" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(tmp_path, capsys):
    """A second server is not started where something listens already."""
    import socket

    from flows.schedules import main

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        code = main([str(in_file(tmp_path, corpus())), "--start-server", "--port", str(port)])

    assert code == 1
    assert f"Something listens at 127.0.0.1:{port} already" in capsys.readouterr().err


def test_a_file_is_served_once(tmp_path, capsys):
    """Two processes that serve one file would close each other's runs."""
    import fcntl

    from flows.schedules import main

    file = in_file(tmp_path, corpus())
    with file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert main([str(file), "--start-server", "--port", "0"]) == 1

    assert "is being served already" in capsys.readouterr().err
