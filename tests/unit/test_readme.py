"""The README tells the truth: its Python runs, its commands exist, its map is the house."""

import re
import shlex
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer.main

from hippograph.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = "\n".join(
    [README, *(page.read_text(encoding="utf-8") for page in sorted(REPOSITORY.glob("docs/*.md")))]
)


def blocks(language):
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", PAGES, re.MULTILINE | re.DOTALL)
    return [text for name, text in fences if name == language]


def commands(program):
    """The command lines of the README that start with a program, as lists of words."""
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += re.findall(r"`((?:python -m|make|hippograph) [^`]*)`", PAGES)
    return [shlex.split(line, comments=True) for line in lines if line.startswith(program)]


@pytest.mark.model
def test_the_ten_lines_of_python_run_offline(tmp_path):
    """As printed, in an empty folder, without a network, they give the answer of the two hops and its citations."""
    if any(find_spec(name) is None for name in ("torch", "tokenizers", "safetensors", "faiss")):
        pytest.skip("the packages that run the model are not installed")
    code = blocks("python")[0]
    environment = {"PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    assert "Luigi Menabrea was born in Chambéry." in done.stdout
    assert "('luigi', 0, 36)" in done.stdout


def test_the_other_python_imports_what_exists():
    """The imports of the LlamaIndex example can be made."""
    pytest.importorskip("llama_index.core")
    imports = [line for line in blocks("python")[1].splitlines() if line.startswith("from ")]
    done = subprocess.run([sys.executable, "-c", "\n".join(imports)], cwd=REPOSITORY, check=False)

    assert len(imports) == 3
    assert done.returncode == 0


def test_every_command_exists_with_its_options():
    """Whatever `hippograph ...` the README shows is known to the command line."""
    from hippograph.cli.app import app

    group = typer.main.get_command(app)
    shown = [words for words in commands("hippograph ") if not words[1].startswith("-")]
    for _, name, *rest in shown:
        command = group.commands[name]
        if hasattr(command, "commands"):
            command = command.commands[rest[0]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= known, name

    assert {words[1] for words in shown} >= {"index", "ask", "search", "status", "verify", "export"}


def test_every_measurement_exists():
    """Whatever `python -m eval ...` the README shows is known to it."""
    from eval.__main__ import app

    known = typer.main.get_command(app).commands
    shown = commands("python -m eval")

    assert shown
    assert all(words[3] in known for words in shown)


def test_every_make_target_exists():
    """`make demo` and `make test`, and whatever else is shown."""
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    shown = {words[1] for words in commands("make ")}

    assert {"demo", "test"} <= shown <= targets


def test_the_settings_shown_are_settings(tmp_path, monkeypatch):
    """The example of hippograph.toml loads, and shows the defaults."""
    (tmp_path / "hippograph.toml").write_text(blocks("toml")[0], encoding="utf-8")
    monkeypatch.setenv("HIPPOGRAPH_CONFIG", str(tmp_path / "hippograph.toml"))
    loaded = Settings.load()
    (tmp_path / "hippograph.toml").write_text("", encoding="utf-8")

    assert loaded == Settings.load()


def test_every_setting_shown_exists(tmp_path, monkeypatch):
    """Each example of hippograph.toml, on any page, loads."""
    shown = blocks("toml")
    for text in shown:
        (tmp_path / "hippograph.toml").write_text(text, encoding="utf-8")
        monkeypatch.setenv("HIPPOGRAPH_CONFIG", str(tmp_path / "hippograph.toml"))
        Settings.load()

    assert len(shown) > 3


def test_the_extras_are_those_of_the_project():
    """The table of extras names all there are but the bundle `all`."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    table = README[README.index("| extra |") : README.index("hippograph is under the")]

    assert set(re.findall(r"`(\w+)`", table)) == set(project["optional-dependencies"]) - {"all"}


def test_the_map_is_the_house():
    """Every file and folder of the map is there, and everything at the top of the package is on the map."""
    (drawn,) = [block for block in blocks("") if "hippograph/\n" in block]
    inside = re.findall(r"^  (\S+)", drawn, re.MULTILINE)
    top = re.findall(r"^(\w+/)", drawn, re.MULTILINE)
    package = REPOSITORY / "hippograph"
    there = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in package.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }

    assert set(inside) == there
    assert all((REPOSITORY / name).is_dir() for name in top)


def test_two_jumps_lead_somewhere():
    """Every path in the table of behaviours exists."""
    table = README[README.index("## Any behaviour") :]
    paths = re.findall(r"`([a-z_]+/[a-z_/]*(?:\.py)?)`", table)

    assert len(paths) > 15
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


def test_links_lead_to_files():
    """Relative links of the README and of every other page exist."""
    pages = [REPOSITORY / "README.md", *REPOSITORY.glob("docs/*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
        if "://" not in link
    ]

    assert links
    assert [link for page, link in links if not (page.parent / link).exists()] == []
