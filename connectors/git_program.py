"""The program `git`, called so that no configuration, hook, pager or prompt has a say."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from connectors.moments import EPOCH
from connectors.parsers.entries import one_line
from hippograph.errors import ConnectorError

FIXED = (
    *("--no-pager", "--no-replace-objects"),
    # The caller named this repository, and nothing in it is run, so it may belong to another user.
    *("-c", "safe.directory=*"),
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false"),
    *("-c", "log.showRoot=true", "-c", "log.mailmap=false", "-c", "i18n.logOutputEncoding=UTF-8"),
    *("-c", f"diff.orderFile={os.devnull}", "-c", "credential.helper="),
)
LAST_CHANGES = ("log", "-c", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-color")
LOCAL_TRANSPORT = "none"
"""No such transport: a repository with objects left at its origin must not fetch them while it is read."""
COMMIT_MARK = "\x01"
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One path of a commit's tree."""

    path: str
    mode: str
    object: str
    size: int

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == "120000"

    @property
    def is_submodule(self) -> bool:
        """Whether it is a commit of another repository."""
        return self.mode == "160000"

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file."""
        return not (self.is_link or self.is_submodule)


@dataclass(frozen=True, slots=True)
class Change:
    """The commit that gave a file its present content."""

    commit: str
    author: str
    authored_at: datetime
    committed_at: datetime
    """When the change came into this history: later than it was written, where commits were moved."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The object store of a repository on this disk."""

    folder: Path

    @classmethod
    def at(cls, path: Path) -> Repository:
        """The repository whose top, or whose bare folder, is `path`. Raises ConnectorError when it is none."""
        if not path.is_dir():
            raise ConnectorError(f"There is no repository at {str(path)!r}. Check the path.")
        # Without the ceiling, git would look for a repository in the folders above.
        found = run_git(["-C", str(path), "rev-parse", "--absolute-git-dir"], ceiling=path.parent)
        if found.returncode:
            raise ConnectorError(
                f"{str(path)!r} is not the top of a git repository. Name its top folder, or read it as a folder."
            )
        return cls(Path(os.fsdecode(found.stdout.rstrip(b"\n"))))

    def commit(self, ref: str) -> str:
        """The full name of the commit that a branch, tag or commit stands for; HEAD without one.

        Raises ConnectorError when there is none.
        """
        # A ref is never an option: git forbids names that begin with a dash.
        is_plain = not ref.startswith("-") and ref.isprintable()
        found = (
            self._git("rev-parse", "--verify", "--quiet", f"{ref or 'HEAD'}^{{commit}}") if is_plain else None
        )
        if found is not None and not found.returncode:
            return found.stdout.decode("ascii").strip()
        if not ref:
            raise ConnectorError(
                f"The repository {str(self.folder)!r} has no commit yet. Commit its files first."
            )
        raise ConnectorError(
            f"The repository {str(self.folder)!r} has no branch, tag or commit {ref!r}. See `git branch --all`."
        )

    def tree(self, commit: str) -> Iterator[TreeEntry]:
        """Every file, link and submodule of a commit."""
        listed = self._output("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
        for line in filter(None, listed.split(b"\0")):
            about, _, path = line.partition(b"\t")
            mode, _, name, size = about.decode("ascii").split()
            yield TreeEntry(os.fsdecode(path), mode, name, int(size) if size.isdigit() else 0)

    def last_changes(self, commit: str, objects: Mapping[str, str]) -> dict[str, Change]:
        """For each path with its object: the newest commit that made it so. One pass over the history.

        A merge counts where its file differs from all its parents; a change of the mode alone does not.
        """
        wanted, found = dict(objects), dict[str, Change]()
        if not wanted:
            return found
        form = f"--format={COMMIT_MARK}%H%x00%at%x00%ct%x00%an"
        with Running(self._command([*LAST_CHANGES, form, commit])) as log:
            change = None
            fields = log.fields()
            for field in fields:
                line = field.lstrip(b"\n")
                if line.startswith(COMMIT_MARK.encode()):
                    change = _change(line, next(fields), next(fields), next(fields))
                elif line.startswith(b":") and change:
                    path = os.fsdecode(next(fields))
                    if wanted.get(path) == _made_object(line):
                        found[path] = change
                        del wanted[path]
                if not wanted:
                    return found
            log.finish()
        return found

    def paths_since(self, commit: str, known: Collection[str]) -> set[str] | None:
        """Every path that was touched in the history of a commit, but not in that of commits known before.

        None where a known commit is not part of that history any more, or is gone altogether.
        """
        names = sorted(known)
        lost = run_git(
            [self._here, "rev-list", "--max-count=1", "--stdin"], said=_lines(*names, f"^{commit}")
        )
        if lost.returncode or lost.stdout:
            return None
        others = _lines(commit, *(f"^{name}" for name in names))
        log = run_git([self._here, *LAST_CHANGES, "--format=", "--stdin"], said=others)
        if log.returncode:
            return None
        fields = iter(log.stdout.split(b"\0"))
        return {os.fsdecode(next(fields)) for field in fields if field.lstrip(b"\n").startswith(b":")}

    def blobs(self) -> Blobs:
        """A process that hands out the contents of objects; to be used in a `with` statement."""
        return Blobs(self._command(["cat-file", "--batch"]))

    @property
    def _here(self) -> str:
        return f"--git-dir={self.folder}"

    def _command(self, arguments: list[str]) -> list[str]:
        return ["git", *FIXED, self._here, *arguments]

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return run_git([self._here, *arguments])

    def _output(self, *arguments: str) -> bytes:
        done = self._git(*arguments)
        if done.returncode:
            raise ConnectorError(
                f"The repository {str(self.folder)!r} cannot be read. {last_line(done.stderr)}"
            )
        return done.stdout


class Running:
    """A `git` at work, whose output is read as it comes; it is ended with the `with` statement."""

    def __init__(self, command: list[str]) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit; an unread pipe would block
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, env=_environment()
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.input, self.output = self._process.stdin, self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._process.kill()
        with suppress(BrokenPipeError):
            self.input.close()
        self.output.close()
        self._process.wait()
        self._said.close()

    def fields(self) -> Iterator[bytes]:
        """The output, cut at every NUL."""
        rest = b""
        while chunk := self.output.read(CHUNK):
            *whole, rest = (rest + chunk).split(b"\0")
            yield from whole

    def finish(self) -> None:
        """Wait for the end. Raises ConnectorError when the program failed."""
        if self._process.wait():
            raise self.failure()

    def failure(self) -> ConnectorError:
        """What the program said before it stopped."""
        self._said.seek(0)
        return ConnectorError(f"The repository cannot be read. {last_line(self._said.read())}")


class Blobs(Running):
    """Hands out the contents of objects, from one process for all of them."""

    def read(self, name: str) -> bytes:
        """The content of one object. Raises ConnectorError when the repository has lost it."""
        try:
            self.input.write(name.encode("ascii") + b"\n")
            self.input.flush()
            _, kind, size = self.output.readline().split()
            content = self.output.read(int(size) + 1)
        except (BrokenPipeError, ValueError):
            raise self.failure() from None
        if kind != b"blob" or len(content) != int(size) + 1:
            raise self.failure()
        return content[:-1]


def run_git(
    arguments: list[str],
    *,
    ceiling: Path | None = None,
    transports: str = LOCAL_TRANSPORT,
    timeout_seconds: float | None = None,
    said: bytes = b"",
) -> subprocess.CompletedProcess[bytes]:
    """One call of git, to its end, with `said` on its standard input.

    Raises ConnectorError when git is not installed.
    """
    try:
        return subprocess.run(
            ["git", *FIXED, *arguments],
            input=said,
            capture_output=True,
            check=False,
            env=_environment(ceiling, transports),
            timeout=timeout_seconds,
        )
    except FileNotFoundError as error:
        raise ConnectorError(
            "The program `git` is not installed. Install it to read repositories."
        ) from error


def _lines(*words: str) -> bytes:
    return "".join(f"{word}\n" for word in words).encode("ascii")


def _environment(ceiling: Path | None = None, transports: str = LOCAL_TRANSPORT) -> dict[str, str]:
    """The process's own environment, without what others said to git, and with what keeps it quiet."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **inherited,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=30",
        "GIT_ASKPASS": "true",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": transports,
        "GIT_CEILING_DIRECTORIES": str(ceiling or ""),
    }


def _change(mark: bytes, authored: bytes, committed: bytes, author: bytes) -> Change:
    name = one_line(author.decode("utf-8", "replace"))
    return Change(mark[1:].decode("ascii"), name, _moment(authored), _moment(committed))


def _moment(seconds: bytes) -> datetime:
    try:
        return EPOCH + timedelta(seconds=int(seconds or b"0"))
    except OverflowError:
        return EPOCH


def _made_object(line: bytes) -> str:
    """The object a change led to: of a line with n colons for n parents, n + 1 modes and n + 1 objects.

    Empty where a parent has the same object: then only the mode changed.
    """
    parents = len(line) - len(line.lstrip(b":"))
    objects = line.split()[parents + 1 : 2 * parents + 2]
    return "" if objects[-1] in objects[:-1] else objects[-1].decode("ascii")


def last_line(said: bytes) -> str:
    """What git said last, as a sentence."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    words = (
        one_line(lines[-1]).removeprefix("fatal: ").removeprefix("error: ") if lines else "git said nothing"
    )
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
