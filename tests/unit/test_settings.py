"""Settings: where they come from, and what they say when one is wrong."""

import pytest

from hippograph.errors import SettingsError
from hippograph.settings import Settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write_file(folder, text, name="hippograph.toml"):
    (folder / name).write_text(text, encoding="utf-8")


def test_arguments_win_over_environment_over_file_over_defaults(tmp_path, monkeypatch):
    """Each source overrides single values of the ones before it."""
    write_file(tmp_path, "[retrieval]\ndamping = 0.1\ncandidates = 11\nseed_entities = 1")
    monkeypatch.setenv("HIPPOGRAPH_RETRIEVAL__DAMPING", "0.2")
    monkeypatch.setenv("HIPPOGRAPH_RETRIEVAL__CANDIDATES", "22")
    retrieval = Settings.load(retrieval={"damping": 0.3}).retrieval

    assert (retrieval.damping, retrieval.candidates, retrieval.seed_entities) == (0.3, 22, 1)
    assert retrieval.seed_passages == Settings.model_fields["retrieval"].default.seed_passages


def test_the_environment_names_another_file(tmp_path, monkeypatch):
    """HIPPOGRAPH_CONFIG is read in place of hippograph.toml."""
    write_file(tmp_path, "[graph]\nfact_weight = 0.7")
    write_file(tmp_path, "[graph]\nfact_weight = 0.9", "other.toml")
    monkeypatch.setenv("HIPPOGRAPH_CONFIG", "other.toml")

    assert Settings.load().graph.fact_weight == 0.9


def test_a_file_that_is_named_and_not_there_is_told(monkeypatch):
    """A slip in the file's name does not silently give the defaults."""
    monkeypatch.setenv("HIPPOGRAPH_CONFIG", "nowhere.toml")

    with pytest.raises(SettingsError, match=r"nowhere\.toml.*no such file"):
        Settings.load()


@pytest.mark.parametrize(
    ("sections", "name"),
    [
        ({"retrieval": {"damping": 1}}, "retrieval.damping"),
        ({"retrieval": {"damping": "much"}}, "retrieval.damping"),
        ({"graph": {"synonymy_threshold": 0}}, "graph.synonymy_threshold"),
        ({"passage": {"max_token": 100}}, "passage.max_token"),
        ({"storage": {"keep_versions": 0}}, "storage.keep_versions"),
        ({"nonsense": {}}, "nonsense"),
    ],
)
def test_a_wrong_setting_is_named(sections, name):
    """Out of range, of another type, or unknown: the message names the setting."""
    with pytest.raises(SettingsError, match=f"'{name}' is wrong"):
        Settings.load(**sections)


def test_a_wrong_value_of_the_environment_is_named(monkeypatch):
    """The same for environment variables."""
    monkeypatch.setenv("HIPPOGRAPH_RETRIEVAL__DAMPING", "2")

    with pytest.raises(SettingsError, match=r"'retrieval\.damping' is wrong"):
        Settings.load()


def test_a_section_that_cannot_be_read_from_the_environment_is_told(monkeypatch):
    """A whole section in one variable must be JSON; the message says how to set one value."""
    monkeypatch.setenv("HIPPOGRAPH_RETRIEVAL", "fast please")

    with pytest.raises(SettingsError, match=r"environment.*retrieval.*HIPPOGRAPH_RETRIEVAL__DAMPING"):
        Settings.load()


def test_a_file_that_is_not_toml_is_named(tmp_path):
    """A broken file is one sentence."""
    write_file(tmp_path, "[graph\n")

    with pytest.raises(SettingsError, match=r"hippograph\.toml cannot be read"):
        Settings.load()


def test_an_index_keeps_the_settings_it_was_made_with():
    """What was recorded applies where nothing is said; the rest is as everywhere."""
    made = Settings(passage={"max_tokens": 99}, models={"embedder": "hashing"})
    record = made.model_dump(mode="json", include={"passage", "extraction", "graph", "models"})

    assert Settings.recorded(record) == made


def test_what_is_said_here_overrides_single_recorded_values(tmp_path, monkeypatch):
    """One value of a section in the environment or the file leaves the others of that section as recorded."""
    record = {"models": {"embedder": "hashing", "device": "cpu"}, "passage": {"max_tokens": 99}}
    monkeypatch.setenv("HIPPOGRAPH_MODELS__DEVICE", "cuda")
    write_file(tmp_path, "[passage]\noverlap_tokens = 5\n[retrieval]\ndamping = 0.25")
    settings = Settings.recorded(record)

    assert (settings.models.embedder, settings.models.device) == ("hashing", "cuda")
    assert (settings.passage.max_tokens, settings.passage.overlap_tokens) == (99, 5)
    assert settings.retrieval.damping == 0.25


def test_a_record_with_an_unknown_setting_is_told():
    """An index of another release names the setting that this one does not know."""
    with pytest.raises(SettingsError, match=r"'graph\.colour' is wrong"):
        Settings.recorded({"graph": {"colour": "red"}})


@pytest.mark.parametrize(
    ("sections", "is_same"),
    [
        ({}, True),
        ({"retrieval": {"damping": 0.9, "candidates": 3}}, True),
        ({"storage": {"keep_versions": 9}}, True),
        ({"models": {"device": "cpu"}}, True),
        ({"graph": {"synonymy_threshold": 0.81}}, False),
        ({"graph": {"sentence_weight": 0.31}}, False),
        ({"passage": {"max_tokens": 201}}, False),
        ({"extraction": {"max_sentence_characters": 1999}}, True),
    ],
)
def test_the_fingerprint_covers_what_shapes_an_index(sections, is_same):
    """How it is cut and linked; not how it is searched or kept. How it is read shapes it through the extractor."""
    assert (Settings(**sections).index_fingerprint() == Settings().index_fingerprint()) == is_same


def test_the_fingerprint_covers_the_parts_it_is_given():
    """Other parts, another shape."""
    assert Settings().index_fingerprint("a") != Settings().index_fingerprint("b")


def test_settings_do_not_change():
    """A setting is chosen once, at the edge."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().retrieval.damping = 0.1


def test_a_rule_of_our_own_is_told_in_its_own_words():
    """Not behind the words of the library that checked it; and what was wrong is not repeated, as it may be a key."""
    with pytest.raises(SettingsError) as caught:
        Settings.load(generator={"base_url": "http://ada:geheim@localhost/v1"})

    assert str(caught.value).startswith(
        "The setting 'generator.base_url' is wrong: it must hold no user, password"
    )
    assert "geheim" not in str(caught.value)
