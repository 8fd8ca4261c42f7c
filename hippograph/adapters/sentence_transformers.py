"""Embeddings by any model of sentence-transformers, the default one on a fast path of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from hippograph.adapters.bert import BertEncoder, bert_packages_missing
from hippograph.adapters.devices import checked_device
from hippograph.adapters.embedding_model import DEFAULT_MODEL, EmbeddingModel, find_model, is_default
from hippograph.errors import EmbeddingError, MissingExtra
from hippograph.types import Vectors


class SentenceTransformersEmbedder:
    """Unit vectors by a model that is given by name or folder. Weights are loaded by the first text."""

    def __init__(self, model: str = DEFAULT_MODEL, device: str = "auto") -> None:
        """`device` is auto, cpu or cuda (also cuda:1); auto takes a GPU where there is one.

        Raises MissingExtra when no package can run a model, EmbeddingError when the model is not found.
        """
        device = checked_device(device)
        if bert_packages_missing() and find_spec("sentence_transformers") is None:
            raise MissingExtra("sentence-transformers", "local", f"The embedding model {model!r}")
        self._model = find_model(model)
        self._device = device
        self._lock = threading.Lock()
        self._loaded: _Encoder | None = None

    @cached_property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._model.dimension or self._encoder().dimension

    @cached_property
    def fingerprint(self) -> str:
        """Name, start of the weights' SHA-256, where texts are cut, dimension. Reads the weights once."""
        name = DEFAULT_MODEL if is_default(self._model.name) else self._model.name
        return f"{name}:{self._model.sha256[:16]}:{self._model.max_tokens}:{self.dimension}"

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of stored texts: shape (len(texts), dimension)."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return _checked(self._encoder().encode([_readable(text) for text in texts]), texts)

    def embed_query(self, text: str) -> Vectors:
        """The unit vector of a question: shape (dimension,)."""
        vector: Vectors = self.embed_queries([text])[0]
        return vector

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The unit vectors of questions: shape (len(texts), dimension)."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        encoder = self._encoder()
        encode = encoder.encode_query if isinstance(encoder, _Library) else encoder.encode
        return _checked(encode([_readable(text) for text in texts]), texts)

    def token_count(self, text: str) -> int:
        """How many of the model's tokens the text takes, without the special ones, before any cutting."""
        return len(self._tokenizer.encode(_readable(text), add_special_tokens=False))

    @cached_property
    def _tokenizer(self) -> Any:
        path = self._model.folder / "tokenizer.json"
        if not path.is_file() or find_spec("tokenizers") is None:
            return _library(self._model, "cpu").tokenizer
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def _encoder(self) -> _Encoder:
        """The loaded model: BERT by torch alone where the vectors are the same, else the library."""
        with self._lock:
            if self._loaded is None:
                if is_default(self._model.name):
                    _ = self._model.sha256  # raises when the weights are not the published ones
                fast = self._model.is_plain_bert() and not bert_packages_missing()
                device = _device(self._device)
                self._loaded = BertEncoder(self._model, device) if fast else _Library(self._model, device)
            return self._loaded


class _Encoder(Protocol):
    """What both ways to run a model have in common."""

    dimension: int

    def encode(self, texts: Sequence[str]) -> Vectors: ...


class _Library:
    """Any model, run by sentence-transformers, with the prompts it defines for texts and questions."""

    def __init__(self, model: EmbeddingModel, device: str) -> None:
        self._model = _library(model, device)
        self._one_at_a_time = threading.Lock()
        self.dimension = int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._run(self._model.encode_document, texts)

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        return self._run(self._model.encode_query, texts)

    def _run(self, encode: Any, texts: Sequence[str]) -> Vectors:
        with self._one_at_a_time:  # fast tokenizers may not be reconfigured while another thread uses them
            vectors = encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.ascontiguousarray(vectors, dtype=np.float32)


def _library(model: EmbeddingModel, device: str) -> Any:
    """The model as sentence-transformers loads it."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingExtra("sentence-transformers", "local", f"The embedding model {model.name!r}") from error
    try:
        return SentenceTransformer(str(model.folder), device=device, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise EmbeddingError(f"The embedding model in {model.folder} cannot be loaded: {error}") from error


def _device(asked: str) -> str:
    """The device torch shall use. Raises EmbeddingError when a GPU is asked for and there is none."""
    import torch

    has_gpu = torch.cuda.is_available()
    if asked == "auto":
        return "cuda" if has_gpu else "cpu"
    if asked.startswith("cuda") and not has_gpu:
        raise EmbeddingError(
            "The device 'cuda' was asked for, but torch sees no GPU: use device='auto' or 'cpu'."
        )
    return asked


def _readable(text: str) -> str:
    """The text without lone surrogates, which tokenizers refuse."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def _checked(vectors: Vectors, texts: Sequence[str]) -> Vectors:
    """The vectors, if each is of unit length. Raises EmbeddingError naming the first text that has none."""
    lengths = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~(np.abs(lengths - 1) < 1e-3))
    if bad.size:
        raise EmbeddingError(
            f"The model gave no usable vector for the text that begins {texts[bad[0]][:60]!r}."
        )
    return vectors
