"""What the repository says to Prefect in its own files holds."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip("prefect", reason="the flows extra is not installed")

REPOSITORY = Path(__file__).resolve().parents[2]


def leaves(table, path=()):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def test_every_key_of_prefect_toml_is_one_that_prefect_reads():
    """Prefect passes over a key it does not know without a word."""
    from prefect.settings import Settings

    said = dict(leaves(tomllib.loads((REPOSITORY / "prefect.toml").read_text())))

    for path in said:
        model = Settings
        for name in path[:-1]:
            model = model.model_fields[name].annotation
        assert path[-1] in model.model_fields, path
    assert said["server", "ephemeral", "startup_timeout_seconds"] >= 120


def test_the_example_of_a_deployment_is_one_that_runs():
    """Its flow can be imported, its parameters are a corpus, and one run of it goes at a time."""
    import yaml

    from flows.corpus import Corpus

    (example,) = yaml.safe_load((REPOSITORY / "prefect.yaml").read_text())["deployments"]
    module, _, name = example["entrypoint"].rpartition(".")

    assert getattr(import_module(module), name).name == "index-corpus"
    assert Corpus.model_validate(example["parameters"]["corpus"]).label == example["name"]
    assert example["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
