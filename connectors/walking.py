"""The files below a root, and what was refused on the way."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from connectors.file_types import file_type
from connectors.globs import Selection
from hippograph.types import SourceFailure

OUTSIDE = (
    "The link leads outside the indexed folder and was not followed. Index its target as a source of its own."
)
LOOP = "The link leads back to itself or to a folder that contains it. Remove or exclude it."
DANGLING = "The link leads nowhere. Repair it, remove it or exclude it."
SPECIAL = "It is a pipe, a socket or a device, not a file. Remove or exclude it."
BAD_NAME = "The name is not valid UTF-8. Rename it."
CLOSED = "The folder may not be read by this user. Change its permissions or exclude it."


@dataclass(slots=True)
class Listing:
    """What a walk found: for each relative path with forward slashes, the real file or the refusal."""

    root: Path
    selection: Selection
    files: dict[str, Path] = field(default_factory=dict)
    refused: dict[str, SourceFailure] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    """How many files were passed over, by their unknown endings."""
    links: dict[str, Path] = field(default_factory=dict)
    """Links that were met and not yet followed."""
    walked: set[Path] = field(default_factory=set)
    """Folders walked since the links began to be followed."""
    seen: set[Path] = field(default_factory=set)
    """Everything listed or refused, so that nothing is told twice."""

    def add(self, name: str, path: Path) -> None:
        """List a file, unless it was listed under another name."""
        if path not in self.seen:
            self.seen.add(path)
            self.files[name] = path

    def refuse(self, name: str, path: Path, reason: str) -> None:
        """Remember why this path is not read."""
        if path not in self.seen:
            self.seen.add(path)
            self.refused[name] = SourceFailure(path.as_uri(), reason)


def list_files(root: Path, selection: Selection) -> Listing:
    """Every file below the root that is selected and of a known type.

    A file that links make reachable under several names is listed once: under its own name if that is
    selected, else under the first link in order of their names. Links out of the root and into loops are
    refused.
    """
    listing = Listing(root, selection)
    _walk(listing, root, "")
    listing.walked.clear()
    while listing.links:
        links, listing.links = listing.links, {}
        for name in sorted(links):
            _follow(listing, name, links[name])
    return listing


def _walk(listing: Listing, folder: Path, prefix: str) -> None:
    stack = [(folder, prefix)]
    while stack:
        here, below = stack.pop()
        if here in listing.walked:
            continue
        listing.walked.add(here)
        for entry in _entries(listing, here, below):
            name, path = below + entry.name, Path(entry.path)
            if entry.is_symlink():
                if path not in listing.seen and (
                    listing.selection.walks(name) or listing.selection.takes(name)
                ):
                    listing.links[name] = path
            elif not entry.is_dir(follow_symlinks=False):
                _list_file(listing, name, path, entry.is_file(follow_symlinks=False))
            elif listing.selection.walks(name):
                stack.append((path, name + "/"))


def _entries(listing: Listing, folder: Path, prefix: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except FileNotFoundError:
        return
    except OSError as error:
        is_closed = isinstance(error, PermissionError)
        reason = f"The folder cannot be read ({error.strerror or error}). Check the disk, or exclude it."
        listing.refuse(prefix, folder, CLOSED if is_closed else reason)
        return
    for entry in found:
        if is_utf8(entry.name):
            yield entry
        elif listing.selection.walks(prefix + entry.name):
            listing.refuse(prefix + ascii(entry.name), Path(entry.path), BAD_NAME)


def is_utf8(name: str) -> bool:
    """Whether a name from the disk is text; other bytes come as halves of surrogate pairs."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _list_file(listing: Listing, name: str, path: Path, is_plain: bool) -> None:
    if not listing.selection.takes(name):
        return
    if not is_plain:
        listing.refuse(name, path, SPECIAL)
    elif file_type(name) is None:
        listing.unread[Path(name).suffix or Path(name).name] += 1
    else:
        listing.add(name, path)


def _follow(listing: Listing, name: str, link: Path) -> None:
    target = _target(listing, name, link)
    if target is None:
        return
    is_folder = target.is_dir()
    if not is_folder and not listing.selection.takes(name):
        return
    if not target.is_relative_to(listing.root):
        listing.refuse(name, link, OUTSIDE)
    elif is_folder and link.parent.is_relative_to(target):
        listing.refuse(name, link, LOOP)
    elif listing.selection.leaves_out(target.relative_to(listing.root).as_posix()):
        return
    elif is_folder:
        _walk(listing, target, name + "/")
    else:
        _list_file(listing, name, target, target.is_file())


def _target(listing: Listing, name: str, link: Path) -> Path | None:
    """Where a link leads in the end; None when it leads nowhere, which is refused."""
    try:
        return Path(os.path.realpath(link, strict=True))
    except (FileNotFoundError, NotADirectoryError):
        listing.refuse(name, link, DANGLING)
    except PermissionError:
        listing.refuse(name, link, CLOSED)
    except OSError:
        listing.refuse(name, link, LOOP)
    return None
