"""Globs over paths relative to a root: which files a source takes in and leaves out."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    """The expression of one name of a path; brackets are read as the module fnmatch reads them."""
    pieces = re.findall(r"\[!?+\]?+[^\]]*\]|.", part, re.DOTALL)
    return (guard if WILDCARD.match(part) else "") + "".join(map(_piece, pieces))


def _piece(piece: str) -> str:
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) == 1:
        return re.escape(piece)
    if piece[1] == "!":
        return f"[^/{_ranges(piece[2:-1])}]"
    allowed = _ranges(piece[1:-1])
    return f"(?!/)[{allowed}]" if allowed else "(?!)"


def _ranges(inside: str) -> str:
    """What stands between brackets, for a regular expression; a range the wrong way round is empty."""
    found = []
    while inside:
        if len(inside) > 2 and inside[1] == "-":
            low, high, inside = inside[0], inside[2], inside[3:]
            found.append(f"{re.escape(low)}-{re.escape(high)}" if low <= high else "")
        else:
            found.append(re.escape(inside[0]))
            inside = inside[1:]
    return "".join(found)
