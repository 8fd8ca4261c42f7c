"""Two small sets on disk, and matrices whose values are written by hand."""

from __future__ import annotations

import json

import pytest

from tests.small_matrices import matrix_of

CORPORA = {
    "engines": [
        {"id": "ada", "title": "Ada Lovelace", "text": "Ada Lovelace wrote notes on the Analytical Engine."},
        {
            "id": "engine",
            "title": "Analytical Engine",
            "text": "Charles Babbage designed the Analytical Engine.",
        },
        {"id": "babbage", "title": "Charles Babbage", "text": "Charles Babbage was born in London in 1791."},
        {"id": "nile", "title": "Nile", "text": "The Nile is a long river in Africa."},
    ],
    "rivers": [
        {"id": "tamm", "title": "Tamm", "text": "The Tamm is a river that rises near Ribe."},
        {"id": "ribe", "title": "Ribe", "text": "Ribe is a town. Ada Quist was born there."},
        {"id": "quist", "title": "Ada Quist", "text": "Ada Quist designed the Iron Bridge over the Tamm."},
    ],
}
QUESTIONS = {
    "engines": [
        {
            "id": "q1",
            "question": "Where was the designer of the Analytical Engine born?",
            "answers": ["London"],
            "gold_ids": ["engine", "babbage"],
            "type": "2hop",
        },
        {
            "id": "q2",
            "question": "Where is the Nile?",
            "answers": ["Africa"],
            "gold_ids": ["nile"],
            "type": "1hop",
        },
        {
            "id": "q3",
            "question": "Is the Nile long?",
            "answers": ["yes"],
            "gold_ids": ["nile"],
            "type": "1hop",
        },
        {"id": "q4", "question": "Who painted the chapel?", "answers": [], "gold_ids": []},
    ],
    "rivers": [
        {
            "id": "r1",
            "question": "Where was the designer of the Iron Bridge born?",
            "answers": ["Ribe"],
            "gold_ids": ["quist", "ribe"],
        },
        {"id": "r2", "question": "Where does the Tamm rise?", "answers": ["near Ribe"], "gold_ids": ["tamm"]},
    ],
}


@pytest.fixture
def data(tmp_path):
    """A folder with the two sets; `engines` comes with extractions besides."""
    for name, rows in CORPORA.items():
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        write_rows(folder / "corpus.jsonl", rows)
        write_rows(folder / "queries.jsonl", QUESTIONS[name])
    found = [
        {"id": row["id"], "entities": [row["title"]], "triples": [[row["title"], "is in", "the corpus"]]}
        for row in CORPORA["engines"]
    ]
    write_rows(tmp_path / "data" / "engines" / "given.jsonl", found)
    return tmp_path / "data"


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """The parts without a model, and a cache of our own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for part, name in (("EMBEDDER", "hashing"), ("VECTORS", "numpy"), ("SPLITTER", "plain")):
        monkeypatch.setenv(f"HIPPOGRAPH_MODELS__{part}", name)


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def make_matrix():
    """Makes a matrix from values written by hand."""
    return matrix_of
