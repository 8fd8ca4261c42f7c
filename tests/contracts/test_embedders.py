"""Rules of every embedder, and the default model's two paths compared with each other."""

import subprocess
import sys
import threading
import zlib
from importlib.util import find_spec

import numpy as np
import pytest

from hippograph.adapters.hashing_embedder import HashingEmbedder
from hippograph.adapters.sentence_transformers import SentenceTransformersEmbedder
from hippograph.errors import EmbeddingError, MissingExtra

TEXTS = [
    "Ada Lovelace wrote the first program.",
    "",
    "北京是中国的首都。",
    "Москва",
    "القاهرة مدينة كبيرة",
    "Zürich",
    "a broken \ud800 surrogate",
    "long " * 600,
    "a\x00b\n\tc",
    "😀",
    "Ada Lovelace wrote the first program.",
]


@pytest.fixture(scope="module")
def default_model():
    if any(find_spec(name) is None for name in ("torch", "tokenizers", "safetensors")):
        pytest.skip("the packages that run the model are not installed")
    try:
        embedder = SentenceTransformersEmbedder(device="cpu")
        embedder.embed_query("warm")
    except EmbeddingError as error:
        pytest.skip(str(error))
    return embedder


@pytest.fixture(params=["hashing", pytest.param("default_model", marks=pytest.mark.model)])
def embedder(request):
    return HashingEmbedder() if request.param == "hashing" else request.getfixturevalue("default_model")


def has_mkl():
    """Whether torch multiplies by the library whose products were found not to depend on the batch."""
    import torch

    return torch.backends.mkl.is_available()


def test_every_text_gets_a_unit_vector(embedder):
    """Any script, emptiness, control characters and great length give rows of length one, in order."""
    vectors = embedder.embed_passages(TEXTS)

    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.array_equal(vectors[0], vectors[-1])


def test_a_question_lies_where_the_same_text_lies(embedder):
    """A question and a stored text of the same words have the same vector."""
    vector = embedder.embed_query(TEXTS[0])

    assert vector.shape == (embedder.dimension,)
    assert vector @ embedder.embed_passages(TEXTS[:1])[0] == pytest.approx(1.0, abs=1e-5)


def test_questions_have_the_vectors_together_that_they_have_alone(embedder):
    """Whatever else is in the batch."""
    together = embedder.embed_queries(TEXTS)

    for text, vector in zip(TEXTS, together, strict=True):
        assert vector == pytest.approx(embedder.embed_query(text), abs=1e-5)


def test_no_texts_give_no_vectors(embedder):
    """An empty list gives an empty matrix of the right width."""
    assert embedder.embed_queries([]).shape == (0, embedder.dimension)
    assert embedder.embed_passages([]).shape == (0, embedder.dimension)


def test_a_vector_does_not_depend_on_its_neighbours(embedder):
    """A text embedded alone, among others, or in another order has the same vector: to the bit with MKL."""
    texts = ["Rome", "Ada", "red sea", "", *TEXTS]
    together = embedder.embed_passages(texts)

    alone = np.concatenate([embedder.embed_passages([text]) for text in texts])
    backwards = embedder.embed_passages(texts[::-1])[::-1]
    crowded = embedder.embed_passages([*texts, *texts, *texts])[: len(texts)]

    tolerance = 0.0 if isinstance(embedder, HashingEmbedder) or has_mkl() else 1e-6
    for others in (alone, backwards, crowded):
        assert np.abs(together - others).max() <= tolerance


def test_texts_that_share_words_are_closer(embedder):
    """A paraphrase is nearer than a text about something else."""
    near, paraphrase, far = embedder.embed_passages(
        ["The cat sat on the mat.", "A cat is sitting on a mat.", "Share prices fell sharply in Tokyo."]
    )

    assert near @ paraphrase > near @ far + 0.2


def test_scripts_stay_distinct(embedder):
    """Different names of any script get different vectors."""
    vectors = embedder.embed_passages(["Zürich", "Москва", "القاهرة", "Paris"])

    assert (vectors @ vectors.T - np.eye(4)).max() < 0.99


def test_the_fingerprint_and_the_dimension_are_the_same_again(embedder):
    """What an index is compared by does not change from one look, or one embedder, to the next."""
    again = HashingEmbedder() if isinstance(embedder, HashingEmbedder) else SentenceTransformersEmbedder()

    assert again.fingerprint == embedder.fingerprint
    assert str(embedder.dimension) in embedder.fingerprint


def test_questions_may_be_asked_from_many_threads(embedder):
    """Eight threads at once get the vectors one thread gets."""
    texts = [f"question number {number} about rivers" for number in range(8)]
    wanted = [embedder.embed_query(text) for text in texts]
    found = {}
    threads = [
        threading.Thread(target=lambda text=text: found.update({text: embedder.embed_query(text)}))
        for text in texts
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for text, vector in zip(texts, wanted, strict=True):
        assert found[text] == pytest.approx(vector, abs=1e-6)


def test_hashed_words_are_counted():
    """Words count one each, letters of unspaced scripts one each, punctuation nothing."""
    assert HashingEmbedder().token_count("Hello, 北京 world!") == 4


def test_hashed_vectors_are_the_same_on_every_machine():
    """The features of "a" are the word and the triple ^a$, at places given by their checksums."""
    wanted = np.zeros(16)
    for feature, weight in (("wa", 2.0), ("t^a$", 1.0)):
        code = zlib.crc32(feature.encode())
        wanted[1 + (code >> 1) % 15] += weight if code % 2 else -weight

    vector = HashingEmbedder(dimension=16).embed_query("a")

    assert vector == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-6)


# --------------------------------------------------------------------------- the default model


@pytest.mark.model
def test_tokens_are_counted_without_cutting_and_without_special_ones(default_model):
    """A long text has all its tokens, an empty one none."""
    assert default_model.token_count("Hello world, 北京") == 5
    assert default_model.token_count("") == 0
    assert default_model.token_count("long " * 600) == 600


@pytest.mark.model
def test_the_default_model_is_the_published_one(default_model):
    """The fingerprint begins with the name and the published checksum of the weights."""
    assert default_model.fingerprint == "all-MiniLM-L6-v2:53aa51172d142c89:256:384"


@pytest.mark.model
def test_a_text_is_cut_at_the_models_length(default_model):
    """Words beyond 256 tokens, two of them special, change nothing; the last one within does."""
    within = "long " * 254

    cut, longer, shorter = default_model.embed_passages([within, within + "cat " * 50, "long " * 253 + "cat"])

    assert np.array_equal(cut, longer)
    assert not np.allclose(cut, shorter, atol=1e-4)


@pytest.mark.model
def test_the_fast_path_gives_the_vectors_of_sentence_transformers(default_model):
    """BERT on torch alone equals the library within 1e-5, and so does its question path."""
    library = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    reference = library.SentenceTransformer(
        str(default_model._model.folder), device="cpu", local_files_only=True
    )
    texts = [text for text in TEXTS if "\ud800" not in text]

    wanted = reference.encode(texts, normalize_embeddings=True, show_progress_bar=False)

    assert np.abs(default_model.embed_passages(texts) - wanted).max() < 1e-5
    assert np.abs(default_model.embed_query(texts[0]) - wanted[0]).max() < 1e-5


@pytest.mark.model
def test_a_model_that_is_no_plain_bert_runs_on_the_library(default_model, tmp_path):
    """The same weights with another pooling give the library's vectors, unit length included."""
    library = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    folder = tmp_path / "first-token"
    folder.mkdir()
    for path in default_model._model.folder.iterdir():
        if path.is_file():
            (folder / path.name).symlink_to(path)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(
        '{"word_embedding_dimension": 384, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}'
    )
    embedder = SentenceTransformersEmbedder(str(folder), device="cpu")
    wanted = library.SentenceTransformer(str(folder), device="cpu").encode(
        TEXTS[:1], normalize_embeddings=True
    )

    found = embedder.embed_passages(TEXTS[:1])

    assert np.abs(found - wanted).max() < 1e-5
    assert not np.allclose(found, default_model.embed_passages(TEXTS[:1]), atol=1e-2)
    assert embedder.dimension == 384
    assert embedder.fingerprint != default_model.fingerprint


@pytest.mark.model
def test_vectors_that_are_no_vectors_name_their_text(default_model, monkeypatch):
    """A model that returns NaN or zeros is an error that quotes the beginning of the text."""
    encoder = default_model._encoder()
    bad = np.zeros((2, 384), dtype=np.float32)
    bad[0, 0] = 1.0
    for value in (0.0, np.nan):
        bad[1] = value
        monkeypatch.setattr(encoder, "encode", lambda texts: bad)
        with pytest.raises(EmbeddingError, match="begins 'second text"):
            default_model.embed_passages(["first", "second text"])


@pytest.mark.model
def test_nothing_heavy_is_loaded_before_the_first_text(default_model):
    """Constructing, counting tokens and reading dimension and fingerprint import no heavy library."""
    code = (
        "import sys\n"
        "from hippograph.adapters.sentence_transformers import SentenceTransformersEmbedder\n"
        "embedder = SentenceTransformersEmbedder()\n"
        "print(embedder.dimension, embedder.token_count('one two'), len(embedder.fingerprint) > 0)\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'huggingface_hub'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )

    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert output.splitlines() == ["384 2 True", "[]"]


def test_missing_packages_name_the_extra(monkeypatch):
    """Where nothing can run a model, the way out is the install command."""
    monkeypatch.setattr("hippograph.adapters.sentence_transformers.find_spec", lambda name: None)
    monkeypatch.setattr("hippograph.adapters.sentence_transformers.bert_packages_missing", lambda: True)

    with pytest.raises(MissingExtra, match=r"hippograph\[local\]"):
        SentenceTransformersEmbedder()
