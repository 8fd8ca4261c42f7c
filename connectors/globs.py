"""Globs over paths relative to a root: which files a source takes in and leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which relative paths a source reads."""

    included: tuple[re.Pattern[str], ...]
    excluded: tuple[re.Pattern[str], ...]
    sees_hidden: bool
    """Whether some include glob names hidden files or folders, so that hidden folders are worth walking."""

    def takes(self, path: str) -> bool:
        """Whether a file at this path is read."""
        return any(glob.fullmatch(path) for glob in self.included) and not self.leaves_out(path)

    def leaves_out(self, path: str) -> bool:
        """Whether an exclude glob names this file or folder."""
        return any(glob.fullmatch(path) for glob in self.excluded)

    def walks(self, path: str) -> bool:
        """Whether a folder at this path may hold files that are read."""
        is_hidden = any(part.startswith(".") for part in path.split("/"))
        return not self.leaves_out(path) and (self.sees_hidden or not is_hidden)


def selection(include: Sequence[str] = (), exclude: Sequence[str] = ()) -> Selection:
    """The selection of some globs; without an include glob, everything that is not hidden.

    A glob without a slash matches a name at any depth; with one it matches a path from the root. `*`, `?` and
    `[...]` stay within one name, `**` spans folders. A glob that ends in a plain name takes everything below
    it too. In include globs wildcards do not match a leading dot, as in a shell: `.notes/**` or `.*` takes
    hidden files in.
    """
    included = tuple(include) or ("**",)
    return Selection(
        included=tuple(map(_include_pattern, included)),
        excluded=tuple(map(_exclude_pattern, exclude)),
        sees_hidden=any(part.startswith(".") for glob in included for part in _segments(glob)),
    )


def _include_pattern(glob: str) -> re.Pattern[str]:
    return re.compile(_expression(glob, r"(?!\.)"))


def _exclude_pattern(glob: str) -> re.Pattern[str]:
    return re.compile(_expression(glob, ""))


def _segments(glob: str) -> list[str]:
    parts = [part for part in glob.removeprefix("./").split("/") if part]
    return parts if "/" in glob.removeprefix("./").rstrip("/") else ["**", *parts]


def _expression(glob: str, guard: str) -> str:
    """The regular expression of a glob; `guard` stands before every name that begins with a wildcard."""
    parts = _segments(glob)
    last = parts.pop() if parts else "**"
    folders = (f"(?:{guard}[^/]+/)*" if part == "**" else _name(part, guard) + "/" for part in parts)
    below = f"(?:{guard}[^/]+/)*{guard}[^/]+"
    if last == "**":
        return "".join(folders) + below
    end = "" if WILDCARD.search(last) else f"(?:/{below})?"
    return "".join(folders) + _name(last, guard) + end


def _name(part: str, guard: str) -> str:
    """The expression of one name of a path."""
    pieces: Iterable[str] = re.findall(r"\[[!^]?\]?[^\]]*\]|.", part, re.DOTALL)
    return (guard if WILDCARD.match(part) else "") + "".join(map(_piece, pieces))


def _piece(piece: str) -> str:
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) > 2:
        negated = piece[1] in "!^"
        inside = re.sub(r"([\\\[\]&~|^])", r"\\\1", piece[2 if negated else 1 : -1])
        return f"(?!/)[{'^' if negated else ''}{inside}]"
    return re.escape(piece)
