"""BERT by torch alone: the vectors sentence-transformers gives, without its eight seconds of imports.

The encoder is that of Devlin et al. 2019; mean of the token vectors and unit length as in Reimers & Gurevych
2019, section 3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hippograph.adapters.embedding_model import EmbeddingModel
from hippograph.errors import EmbeddingError
from hippograph.types import Vectors

if TYPE_CHECKING:
    import torch

TOKENS_PER_BATCH = 2048
"""Where throughput was highest on two cores; larger batches fall out of the processor's cache."""


LEAST_TOKENS = 32
"""A smaller batch repeats its last text up to this: products of fewer than four rows a thread are computed by
another kernel of the matrix library, and differ in their last bits (3e-7)."""


class BertEncoder:
    """A loaded BERT sentence encoder.

    Texts of one length are computed together, so nothing is padded, and a text's vector is the same to the
    bit whatever is embedded with it. That holds for one machine, number of threads and matrix library (MKL).
    """

    def __init__(self, model: EmbeddingModel, device: str) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        try:
            weights = load_file(str(model.folder / "model.safetensors"), device=device)
        except (SafetensorError, OSError) as error:
            raise EmbeddingError(f"The weights in {model.folder} cannot be read: {error}.") from error
        self._weights = {name.removeprefix("bert."): tensor for name, tensor in weights.items()}
        self._tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(model.max_tokens or 512)
        self._device = device
        self._heads = int(model.encoder["num_attention_heads"])
        self._layers = int(model.encoder["num_hidden_layers"])
        self._epsilon = float(model.encoder.get("layer_norm_eps", 1e-12))
        self.dimension = int(model.encoder["hidden_size"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of texts: shape (len(texts), dimension)."""
        import torch

        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        with torch.inference_mode():
            for rows in batches_of_equal_length([len(ids) for ids in tokens]):
                sequences = [tokens[row] for row in rows]
                sequences += sequences[-1:] * max(0, LEAST_TOKENS // len(sequences[0]) + 1 - len(rows))
                batch = torch.tensor(sequences, device=self._device)
                vectors[rows] = self._forward(batch)[: len(rows)].cpu().numpy()
        return vectors

    def _forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Unit vectors of sequences of one length: ids of shape (batch, tokens)."""
        from torch.nn.functional import normalize

        weights = self._weights
        hidden = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings.LayerNorm")
        for layer in range(self._layers):
            hidden = self._layer(hidden, f"encoder.layer.{layer}")
        return normalize(hidden.mean(dim=1), dim=1)

    def _layer(self, hidden: torch.Tensor, name: str) -> torch.Tensor:
        from torch.nn.functional import gelu, scaled_dot_product_attention

        heads = (*hidden.shape[:2], self._heads, self.dimension // self._heads)
        query, key, value = (
            self._linear(hidden, f"{name}.attention.self.{part}").view(heads).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        attended = scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(hidden.shape)
        attended = self._linear(attended, f"{name}.attention.output.dense")
        hidden = self._norm(hidden + attended, f"{name}.attention.output.LayerNorm")
        inner = gelu(self._linear(hidden, f"{name}.intermediate.dense"))
        return self._norm(hidden + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, hidden: torch.Tensor, name: str) -> torch.Tensor:
        from torch.nn.functional import linear

        return linear(hidden, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, hidden: torch.Tensor, name: str) -> torch.Tensor:
        from torch.nn.functional import layer_norm

        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return layer_norm(hidden, weight.shape, weight, bias, self._epsilon)


def batches_of_equal_length(
    lengths: Sequence[int], tokens_per_batch: int = TOKENS_PER_BATCH
) -> Iterator[list[int]]:
    """Row numbers in batches whose rows all have one length, longest first.

    >>> list(batches_of_equal_length([3, 5, 3, 3], tokens_per_batch=6))
    [[1], [0, 2], [3]]
    """
    rows_of: dict[int, list[int]] = defaultdict(list)
    for row, length in enumerate(lengths):
        rows_of[length].append(row)
    for length in sorted(rows_of, reverse=True):
        size = max(1, tokens_per_batch // max(1, length))
        rows = rows_of[length]
        yield from (rows[start : start + size] for start in range(0, len(rows), size))


def bert_packages_missing() -> bool:
    """Whether one of the packages BertEncoder stands on is not installed."""
    from importlib.util import find_spec

    return any(find_spec(name) is None for name in ("torch", "tokenizers", "safetensors"))
