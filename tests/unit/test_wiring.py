"""Wiring: from names in the settings to parts."""

import sys
from types import ModuleType

import pytest

from hippograph.adapters.hashing_embedder import HashingEmbedder
from hippograph.adapters.numpy_vectors import NumpyVectorIndexes
from hippograph.adapters.plain_splitter import PlainSplitter
from hippograph.errors import MissingExtra, SettingsError
from hippograph.settings import Settings
from hippograph.wiring import build_parts

OFFLINE = {"splitter": "plain", "embedder": "hashing", "vectors": "numpy"}


def parts_of(**models):
    return build_parts(Settings(models={**OFFLINE, **models}, passage={"max_tokens": 77}))


class Own:
    """A part of the user's own."""

    dimension = 3
    fingerprint = "own"

    def token_count(self, text):
        return len(text)


class Demanding(Own):
    """A part that cannot be made from nothing."""

    def __init__(self, key):
        self.key = key


class Lacking(Own):
    """A part whose package is not installed."""

    def __init__(self):
        raise MissingExtra("shiny", "local", "This embedder")


@pytest.fixture
def own_module(monkeypatch):
    """Those classes as a module that can be imported."""
    module = ModuleType("own_parts_for_tests")
    module.Own, module.Demanding, module.Lacking = Own, Demanding, Lacking
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.__name__


def test_parts_are_chosen_by_name():
    """Each name of the settings gives the part of that name, with its settings."""
    parts = parts_of()

    assert isinstance(parts.embedder, HashingEmbedder)
    assert isinstance(parts.vectors, NumpyVectorIndexes)
    assert isinstance(parts.splitter, PlainSplitter)
    assert parts.splitter.max_tokens == 77


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("embedder", "hashing, sentence_transformers"),
        ("splitter", "llama_index, plain"),
        ("extractor", "llm, rules"),
        ("vectors", "faiss, numpy"),
        ("answerer", "extractive, llm"),
    ],
)
def test_an_unknown_name_lists_the_known_ones(kind, known):
    """A slip is told with what there is."""
    with pytest.raises(
        SettingsError, match=f"{kind} 'shiny' is unknown. Known are {known}, or write module:Class"
    ):
        parts_of(**{kind: "shiny"})


def test_a_model_is_needed_to_extract_by_one():
    """The sentence names the setting."""
    with pytest.raises(
        SettingsError, match=r"extractor 'llm' needs a language model\. Set models\.generator"
    ):
        parts_of(extractor="llm")


def test_a_class_of_ones_own_is_plugged_in(own_module):
    """`module:Class` is imported and made."""
    parts = parts_of(embedder=f"{own_module}:Own")

    assert isinstance(parts.embedder, Own)
    assert parts.splitter.token_count("four") == 4


@pytest.mark.parametrize("name", ["no_such_module_here:Part", "json:NoSuchPart", ":Part", ".relative:Part"])
def test_a_class_that_cannot_be_imported_is_told(name):
    """Neither the module's nor the class's absence is a traceback."""
    with pytest.raises(SettingsError, match=r"embedder.*cannot be imported"):
        parts_of(embedder=name)


def test_a_class_that_wants_arguments_is_told(own_module):
    """Parts of one's own are made without arguments."""
    with pytest.raises(SettingsError, match=r"cannot be made without arguments.*key"):
        parts_of(embedder=f"{own_module}:Demanding")


def test_a_missing_package_passes_through(own_module):
    """The error that says what to install is not wrapped into another."""
    with pytest.raises(MissingExtra, match="shiny"):
        parts_of(embedder=f"{own_module}:Lacking")
