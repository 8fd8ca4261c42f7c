"""The house keeps its shape: layers, public names, and an import that costs nothing."""

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import hippograph

REPOSITORY = Path(__file__).resolve().parents[2]

HEAVY = [
    "torch", "faiss", "sentence_transformers", "transformers", "llama_index", "openai", "prefect", "pydantic", "numpy",
    "scipy", "igraph", "networkx", "nltk", "textblob", "rich", "typer",
]  # fmt: skip


def modules_after(statement):
    """The top-level modules that a fresh process has loaded after a statement."""
    code = f"{statement}\nimport sys, json; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_imports_point_downward():
    """Every contract of pyproject.toml is kept: import-linter says so."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_importing_the_package_loads_nothing_heavy():
    """`import hippograph` leaves models, matrices and graphs unloaded."""
    assert modules_after("import hippograph").isdisjoint(HEAVY)


def test_the_help_of_the_command_line_loads_no_model_and_no_matrix():
    """Only what draws the help is loaded before a command is known."""
    loaded = modules_after("import hippograph.cli.app")

    assert loaded.isdisjoint(set(HEAVY) - {"rich", "typer"})


@pytest.mark.parametrize("module", ["connectors", "eval", "flows", "hippograph.toy"])
def test_importing_other_packages_loads_no_model(module):
    """The packages beside the core load torch, FAISS and LlamaIndex only when used."""
    loaded = modules_after(f"import {module}")

    assert loaded.isdisjoint({"torch", "faiss", "sentence_transformers", "llama_index", "prefect"})


def test_public_names_are_all_there_and_no_others():
    """`__all__`, `dir` and what can be fetched agree."""
    fetched = {name: getattr(hippograph, name) for name in hippograph.__all__}

    assert sorted(fetched) == sorted(dir(hippograph))
    assert {value.__name__ for value in fetched.values()} == set(hippograph.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        hippograph.Nothing  # noqa: B018


def test_public_names_are_described():
    """Every public class has a docstring of its own."""
    assert all((getattr(hippograph, name).__doc__ or "").strip() for name in hippograph.__all__)


@pytest.mark.parametrize("package", ["hippograph", "connectors", "eval", "flows"])
def test_nothing_is_pickled_or_evaluated(package):
    """No module imports pickle or calls eval or exec: an index from a stranger runs no code."""
    import ast

    for path in sorted((REPOSITORY / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            )
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            assert not {"pickle", "dill", "joblib", "shelve"} & set(imported), path
            assert called not in ("eval", "exec"), path


def test_every_module_says_what_it_holds():
    """The first line of every module is a docstring that ends like a sentence."""
    import ast

    lacking = []
    for package in ("hippograph", "connectors", "eval", "flows"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            if not text.splitlines() or not text.splitlines()[0].rstrip().endswith((".", ":", "?")):
                lacking.append(str(path.relative_to(REPOSITORY)))

    assert lacking == []


def test_the_wheel_has_the_four_packages():
    """What pyproject.toml packs can be imported by the names the README uses."""
    for name in ("hippograph", "connectors", "eval", "flows"):
        assert import_module(name).__doc__
