"""Copies of remote repositories, kept below a cache folder."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from connectors.git_program import Repository, last_line, run_git
from hippograph.errors import ConnectorError, SourceUnavailable
from hippograph.types import content_id

CLONED_SCHEMES = ("https", "http", "ssh")
REMOTE_TRANSPORTS = "https:http:ssh"
TRANSFER_SECONDS = 3600
"""How long copying a remote repository may take."""
NOT_STALLED = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60")
"""Bytes a second, and for how many seconds it may be less."""
OUT_OF_REACH = re.compile(
    rb"could ?n.t resolve host|could not resolve|temporary failure in name|failed to connect|could not connect"
    rb"|connection (?:refused|reset|closed|timed out)|timed out|network is unreachable|no route to host"
    rb"|returned error: (?:408|429|5\d\d)|rpc failed|early eof|hung up unexpectedly|empty reply|too slow",
    re.IGNORECASE,
)
"""What git says when the other side is not there, or goes away, and may be back later."""


def cloned(address: str, cache: Path) -> Repository:
    """A bare copy of a remote repository below `cache`, brought up to date.

    Raises SourceUnavailable when it cannot be reached just now, ConnectorError when it cannot be copied at all.
    """
    folder = cache / f"{content_id(address)}.git"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConnectorError(
            f"The cache folder {str(cache)!r} cannot be written ({error.strerror}). Name another one."
        ) from error
    here = f"--git-dir={folder}"
    heads = _transfer(address, "ls-remote", "--symref", "--", address, "HEAD")
    _transfer(address, here, "init", "--bare", "--quiet")
    branches, tags = "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"
    _transfer(address, here, "fetch", "--quiet", "--prune", "--no-auto-gc", "--", address, branches, tags)
    for line in heads.decode("utf-8", "replace").splitlines():
        if line.startswith("ref: refs/heads/") and line.endswith("\tHEAD"):
            _transfer(address, here, "symbolic-ref", "HEAD", line[len("ref: ") : -len("\tHEAD")])
    return Repository(folder)


def without_password(address: str) -> str:
    """The address as it may be shown: a user's name stays, a password or a bare token does not."""
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    is_secret = ":" in user or parts.scheme != "ssh"
    return urlunsplit(parts._replace(netloc=host if is_secret else user + at + host))


def _transfer(address: str, *arguments: str) -> bytes:
    shown = without_password(address)
    try:
        done = run_git(
            [*NOT_STALLED, *arguments], transports=REMOTE_TRANSPORTS, timeout_seconds=TRANSFER_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise SourceUnavailable(
            f"Copying {shown} took over an hour. Try again later, or clone it by hand and index the copy."
        ) from error
    if done.returncode and OUT_OF_REACH.search(done.stderr):
        raise SourceUnavailable(
            f"The repository {shown} cannot be reached just now. "
            f"{last_line(done.stderr).replace(address, shown)} Try again later; what was read of it stays."
        )
    if done.returncode:
        said = last_line(done.stderr).replace(address, shown)
        raise ConnectorError(
            f"The repository {shown} cannot be copied. {said} Check the address and your access."
        )
    return done.stdout
