"""Rules of finding an embedding model's folder and reading what it says of itself."""

import json
import socket
from importlib.util import find_spec

import pytest

from hippograph.adapters import embedding_model
from hippograph.adapters.embedding_model import EmbeddingModel, find_model, pooling_modes
from hippograph.adapters.sentence_transformers import SentenceTransformersEmbedder
from hippograph.errors import EmbeddingError, SettingsError

needs_model_packages = pytest.mark.skipif(
    find_spec("torch") is None or find_spec("tokenizers") is None, reason="the extra 'local' is not installed"
)

BERT = {"model_type": "bert", "hidden_act": "gelu", "hidden_size": 8}


def model_folder(folder, pooling="mean", encoder=BERT, modules=("Transformer", "Pooling", "Normalize")):
    """A folder in the layout of sentence-transformers whose weights are the bytes b"weights"."""
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "1_Pooling" / "config.json").write_text(
        json.dumps({"word_embedding_dimension": 8, f"pooling_mode_{pooling}_tokens": True})
    )
    listed = [{"type": f"x.{name}", "path": "1_Pooling" if name == "Pooling" else ""} for name in modules]
    (folder / "modules.json").write_text(json.dumps(listed))
    (folder / "config.json").write_text(json.dumps(encoder))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 64}')
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_a_folder_is_taken_first_and_named_after_itself(tmp_path):
    """An existing folder is the model, wherever it lies."""
    model = find_model(str(model_folder(tmp_path / "mine")))

    assert (model.name, model.dimension, model.max_tokens) == ("mine", 8, 64)
    assert model.is_plain_bert()


@needs_model_packages
def test_the_same_weights_have_the_same_fingerprint_wherever_they_lie(tmp_path):
    """The fingerprint is made from content: SHA-256 of b"weights" begins with 9dca4a..."""
    first = SentenceTransformersEmbedder(str(model_folder(tmp_path / "a" / "mine")))
    second = SentenceTransformersEmbedder(str(model_folder(tmp_path / "b" / "mine")))
    other = model_folder(tmp_path / "c" / "mine")
    (other / "model.safetensors").write_bytes(b"other weights")

    assert first.fingerprint == second.fingerprint
    assert first.fingerprint != SentenceTransformersEmbedder(str(other)).fingerprint


@pytest.mark.parametrize(
    "difference",
    [
        {"pooling": "cls"},
        {"pooling": "max"},
        {"modules": ("Transformer", "Pooling")},
        {"modules": ("Transformer", "Pooling", "Dense", "Normalize")},
        {"encoder": {**BERT, "model_type": "roberta"}},
        {"encoder": {**BERT, "hidden_act": "relu"}},
        {"encoder": {**BERT, "torch_dtype": "float16"}},
        {"encoder": {**BERT, "position_embedding_type": "relative_key"}},
    ],
)
def test_whatever_differs_from_plain_bert_is_left_to_the_library(tmp_path, difference):
    """The fast path takes only what it computes exactly."""
    assert not find_model(str(model_folder(tmp_path / "mine", **difference))).is_plain_bert()


def test_a_model_with_prompts_is_left_to_the_library(tmp_path):
    """Prompts are put before the text by the library."""
    folder = model_folder(tmp_path / "mine")
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: "}}')

    assert not find_model(str(folder)).is_plain_bert()


def test_both_spellings_of_the_pooling_are_read():
    """Older models carry one flag a mode, newer ones the mode's name."""
    older = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}

    assert pooling_modes(older) == pooling_modes({"pooling_mode": "mean"}) == ("mean",)
    assert pooling_modes({"pooling_mode": ["mean", "max"]}) == ("mean", "max")
    assert pooling_modes({}) == ()


def test_other_weights_under_the_default_name_are_refused(tmp_path, monkeypatch):
    """The default model's weights are the published ones or none."""
    model = EmbeddingModel("all-MiniLM-L6-v2", model_folder(tmp_path / "mine"))

    with pytest.raises(EmbeddingError, match="not those of all-MiniLM-L6-v2"):
        _ = model.sha256


@needs_model_packages
def test_an_altered_default_model_embeds_nothing(tmp_path, monkeypatch):
    """The check comes before the first vector."""
    monkeypatch.chdir(tmp_path)
    model_folder(tmp_path / "all-MiniLM-L6-v2")

    with pytest.raises(EmbeddingError, match="not those of"):
        SentenceTransformersEmbedder().embed_query("x")


@pytest.mark.parametrize("name", ["no-such-model", "nobody/no-such-model", "not a name at all"])
def test_a_model_that_is_not_there_is_one_clear_error_when_offline(name, monkeypatch, tmp_path):
    """Nothing is asked of the network, and the message says what to do."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="huggingface_hub is not installed")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(EmbeddingError, match="HF_HUB_OFFLINE") as error:
        find_model(name)

    assert name in str(error.value)
    assert "path of a folder" in str(error.value)


def test_a_hub_that_never_answers_is_given_up(monkeypatch, tmp_path):
    """A server that accepts the connection and stays silent costs the set seconds, not the afternoon."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="huggingface_hub is not installed")
    silent = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(embedding_model, "HUB_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    with silent, pytest.raises(EmbeddingError, match="cannot be fetched"):
        find_model("owner/mine")


def test_the_default_model_without_its_package_says_what_to_install(monkeypatch, tmp_path):
    """Neither package nor cache nor network: the way out is the extra."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="huggingface_hub is not installed")
    monkeypatch.setattr(embedding_model, "_packaged", lambda: None)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(EmbeddingError, match=r"hippograph\[local\]"):
        find_model("all-MiniLM-L6-v2")


def test_the_cache_is_used_before_the_hub(monkeypatch, tmp_path):
    """A model that was fetched once is found by its name without the network."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="huggingface_hub is not installed")
    repository = tmp_path / "models--owner--mine"
    model_folder(repository / "snapshots" / "0123")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))

    assert find_model("owner/mine").folder.name == "0123"


@needs_model_packages
def test_a_folder_that_holds_no_model_is_refused(tmp_path):
    """An empty folder has no weights to take a fingerprint of."""
    with pytest.raises(EmbeddingError, match="no weights"):
        _ = SentenceTransformersEmbedder(str(tmp_path)).fingerprint


@needs_model_packages
def test_a_config_that_is_no_json_names_its_file(tmp_path):
    """A damaged model says which file is wrong."""
    folder = model_folder(tmp_path / "mine")
    (folder / "modules.json").write_text("{")

    with pytest.raises(EmbeddingError, match=r"modules\.json cannot be read"):
        _ = SentenceTransformersEmbedder(str(folder)).dimension


def test_weights_that_are_no_safetensors_name_their_folder(tmp_path):
    """A damaged weights file is our error, not the vendor's."""
    pytest.importorskip("torch", reason="torch is not installed")

    with pytest.raises(EmbeddingError, match="cannot be read"):
        SentenceTransformersEmbedder(str(model_folder(tmp_path / "mine")), device="cpu").embed_query("x")


def test_an_unknown_device_is_a_wrong_setting():
    """A typing error in the settings is told at once."""
    with pytest.raises(SettingsError, match="gpuu"):
        SentenceTransformersEmbedder(device="gpuu")
