"""A git repository as a source: the files of one commit, dated by the history."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from connectors.cache_folder import cache_folder_for
from connectors.file_types import file_type
from connectors.git_clone import CLONED_SCHEMES, cloned, without_password
from connectors.git_program import Blobs, Change, Repository, TreeEntry
from connectors.globs import Selection, selection
from connectors.marks import ReadItem, State, items_read, marked, named_item
from connectors.moments import in_utc
from connectors.options import Options
from connectors.private_addresses import ranges
from connectors.reading import LARGEST_FILE, TOO_LARGE, Origin, nothing_read, read_stream
from connectors.walking import BAD_NAME, is_utf8
from hippograph.errors import ConnectorError
from hippograph.types import Document, DocumentId, SourceFailure, Unchanged

LFS_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/")
LARGEST_POINTER = 1024
"""Bytes: the Git LFS specification, "The Pointer"."""
IN_LFS = "The repository holds only a pointer; the file is in Git LFS. Check it out and index the folder."
LINK = "It is a symbolic link, which is not followed. Its target is read under its own name."
SUBMODULE = "It is a submodule, another repository. Index that repository as a source of its own."


class GitConnector:
    """The tracked files of a repository at one commit, in order of their paths.

    `repository` is the path of a local repository, bare or not, or an https:// or ssh:// address, which the
    program `git` copies into `cache_folder` and brings up to date at each reading. `ref` is a branch, tag or
    commit; without one it is the repository's HEAD. `include` and `exclude` are globs, as for folders. Web servers
    within private networks are refused unless `allow_private` names their range, or is True for all of them.

    A document's id is its path in the tree; its timestamp is the author's date of the file's last change,
    whose commit and author are metadata. URIs name the repository and the ref but no commit, so that a file
    which did not change stays the same document when others do. Raises ConnectorError when there is no such
    repository.
    """

    def __init__(
        self,
        repository: str | os.PathLike[str],
        ref: str = "",
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        cache_folder: str | os.PathLike[str] | None = None,
        allow_private: bool | Sequence[str] = False,
    ) -> None:
        ranges(allow_private)  # what is no range is told at once
        self._allow_private = allow_private
        self._ref = ref
        self._selection = selection(include, exclude)
        self._cache = Path(cache_folder) if cache_folder else cache_folder_for("git", None)
        address = os.fspath(repository)
        self._address = address if urlsplit(address).scheme in CLONED_SCHEMES else ""
        self._path = Path() if self._address else _existing(address)
        place = without_password(self._address) or self._path.as_uri()
        self.source = f"git+{place}{'@' + quote(ref) if ref else ''}"

    def documents(self, since: datetime | None = None) -> Iterator[Document | SourceFailure]:
        """Every document, or those whose last change was committed after `since`.

        Raises ConnectorError when the repository or the ref is gone, or a remote one cannot be reached.
        """
        repository, commit = self._opened()
        return self._read(repository, commit, in_utc(since) if since else None)

    def changed_documents(
        self, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        """Every document, unread where its file has the same blob from the same commit.

        Of the history, only what was added since is looked through. Raises ConnectorError as `documents` does.
        """
        repository, commit = self._opened()
        return self._read_changed(repository, commit, marks)

    def _opened(self) -> tuple[Repository, str]:
        repository = self._cloned() if self._address else Repository.at(self._path)
        return repository, repository.commit(self._ref)

    def _cloned(self) -> Repository:
        return cloned(self._address, self._cache, self._allow_private)

    def _read(
        self, repository: Repository, commit: str, since: datetime | None
    ) -> Iterator[Document | SourceFailure]:
        unread: Counter[str] = Counter()
        entries = list(_selected(repository.tree(commit), self._selection, unread))
        changes = repository.last_changes(commit, {entry.path: entry.object for entry in entries})
        with repository.blobs() as blobs:
            for entry in entries:
                change = changes.get(entry.path)
                if since is None or change is None or change.committed_at > since:
                    yield from _read_entry(entry, change, blobs, self._uri(entry))
        if unread and not entries:
            yield nothing_read(self.source, unread)

    def _read_changed(
        self, repository: Repository, commit: str, marks: Mapping[DocumentId, str]
    ) -> Iterator[Document | Unchanged | SourceFailure]:
        unread: Counter[str] = Counter()
        entries = list(_selected(repository.tree(commit), self._selection, unread))
        objects = {entry.path: entry.object for entry in entries}
        known = items_read(marks, named_item(objects))
        commits = _commits_that_stand(repository, commit, objects, known)
        changes = repository.last_changes(
            commit, {path: name for path, name in objects.items() if path not in commits}
        )
        with repository.blobs() as blobs:
            for entry in entries:
                change, before = changes.get(entry.path), known.get(entry.path)
                state = State(f"{entry.object} {change.commit if change else commits.get(entry.path, '')}")
                if before and before.state == state:
                    yield from before.unchanged()
                else:
                    yield from marked(_read_entry(entry, change, blobs, self._uri(entry)), state)
        if unread and not entries:
            yield nothing_read(self.source, unread)

    def _uri(self, entry: TreeEntry) -> str:
        return f"{self.source}#{quote(os.fsencode(entry.path))}"


def git_at_uri(uri: str, options: Options) -> GitConnector:
    """The connector of `git+file:///path[@ref]`, `git+https://...[@ref]` or `git+ssh://...[@ref]`."""
    address, globs = uri[len("git+") :], (options.include, options.exclude)
    more = cache_folder_for("git", options.cache_folder), options.allow_private
    parts = urlsplit(address)
    if parts.scheme.lower() == "file":
        path = unquote(parts.path)
        # A folder may have an @ in its name: what is there is a path, and only the rest can be a ref.
        is_there = Path(path).exists()
        place, _, ref = (path, "", "") if is_there or "@" not in path else path.rpartition("@")
        return GitConnector(place, ref, *globs, *more)
    place, _, ref = parts.path.rpartition("@") if "@" in parts.path else (parts.path, "", "")
    return GitConnector(parts._replace(path=place).geturl(), unquote(ref), *globs, *more)


def _existing(address: str) -> Path:
    try:
        path = Path(address).expanduser().resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConnectorError(f"There is no repository at {address!r}. Check the path.") from error
    Repository.at(path)
    return path


def _selected(tree: Iterator[TreeEntry], chosen: Selection, unread: Counter[str]) -> Iterator[TreeEntry]:
    """The entries that are read or refused; files of other types are counted by their endings."""
    for entry in sorted(tree, key=lambda entry: entry.path):
        is_taken = chosen.takes(entry.path)
        if is_taken and entry.is_file and is_utf8(entry.path) and file_type(entry.path) is None:
            unread[Path(entry.path).suffix or Path(entry.path).name] += 1
        elif is_taken:
            yield entry


def _commits_that_stand(
    repository: Repository, commit: str, objects: Mapping[str, str], known: Mapping[str, ReadItem]
) -> dict[str, str]:
    """For each path that surely has not changed since it was read: the commit of its last change.

    A path with its old blob may have been changed and changed back since; that is found in what was added to the
    history since. Where history was rewritten, no path is sure.
    """
    states = {path: before.state.said.partition(" ") for path, before in known.items()}
    stands = {path: last for path, (name, _, last) in states.items() if last and objects[path] == name}
    touched = repository.paths_since(commit, set(stands.values())) if stands else set()
    if touched is None:
        return {}
    return {path: last for path, last in stands.items() if path not in touched}


def _read_entry(
    entry: TreeEntry, change: Change | None, blobs: Blobs, uri: str
) -> Iterator[Document | SourceFailure]:
    kind = file_type(entry.path)
    refusal = _refusal(entry)
    if refusal or kind is None:
        yield SourceFailure(uri, refusal)
        return
    content = blobs.read(entry.object)
    if len(content) < LARGEST_POINTER and LFS_POINTER.match(content):
        yield SourceFailure(uri, IN_LFS)
        return
    known = {"commit": change.commit, "author": change.author} if change else {}
    origin = Origin(
        name=entry.path,
        uri=uri,
        media_type=kind.media_type,
        timestamp=change.authored_at if change else None,
        metadata={"path": entry.path, "size": entry.size, **known},
    )
    yield from read_stream(io.BytesIO(content), entry.size, kind, origin)


def _refusal(entry: TreeEntry) -> str:
    """Why an entry of the tree is not read, or an empty text."""
    if not is_utf8(entry.path):
        return BAD_NAME
    if entry.is_link:
        return LINK
    if entry.is_submodule:
        return SUBMODULE
    return TOO_LARGE if entry.size > LARGEST_FILE else ""
