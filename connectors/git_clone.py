"""Copies of remote repositories, kept below a cache folder.

Over HTTP, git connects to the very address that was looked up and checked, follows no redirection and takes no proxy:
else a name, a redirection or a proxy could lead into the network of whoever runs this.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from connectors.git_program import Repository, last_line, run_git
from connectors.private_addresses import ALL, AddressRefused, allowed_addresses, ranges
from hippograph.errors import ConnectorError, SourceUnavailable
from hippograph.types import content_id

CLONED_SCHEMES = ("https", "http", "ssh")
REMOTE_TRANSPORTS = "https:http:ssh"
TRANSFER_SECONDS = 3600
"""How long copying a remote repository may take."""
NOT_STALLED = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60")
"""Bytes a second, and for how many seconds it may be less."""
USUAL_PORTS = {"http": 80, "https": 443}
UNDIVERTED = ("-c", "http.followRedirects=false", "-c", "http.proxy=")
PLAIN_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
"""A name or an address that git and this module are sure to read alike."""
OUT_OF_REACH = re.compile(
    rb"could ?n.t resolve host|could not resolve|temporary failure in name|failed to connect|could not connect"
    rb"|connection (?:refused|reset|closed|timed out)|timed out|network is unreachable|no route to host"
    rb"|returned error: (?:408|429|5\d\d)|rpc failed|early eof|hung up unexpectedly|empty reply|too slow",
    re.IGNORECASE,
)
"""What git says when the other side is not there, or goes away, and may be back later."""
MOVED = re.compile(rb"returned error: 30\d|unable to update url base", re.IGNORECASE)
"""What git says when it is sent to another address."""


def cloned(address: str, cache: Path, allow_private: bool | Sequence[str] = False) -> Repository:
    """A bare copy of a remote repository below `cache`, brought up to date.

    Raises SourceUnavailable when it cannot be reached just now, ConnectorError when it cannot be copied at all, or
    when its host is within a private network that is not allowed.
    """
    reaching = _checked(address, allow_private)
    folder = cache / f"{content_id(address)}.git"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConnectorError(
            f"The cache folder {str(cache)!r} cannot be written ({error.strerror}). Name another one."
        ) from error
    here = f"--git-dir={folder}"
    heads = _transfer(address, *reaching, "ls-remote", "--symref", "--", address, "HEAD")
    _transfer(address, here, "init", "--bare", "--quiet")
    fetch = ("fetch", "--quiet", "--prune", "--no-auto-gc", "--", address)
    _transfer(address, *reaching, here, *fetch, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
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


def _checked(address: str, allow_private: bool | Sequence[str]) -> list[str]:
    """What makes git connect to an address that is allowed, and to no other; nothing where every one is."""
    parts = urlsplit(address)
    allowed = ranges(allow_private)
    if parts.scheme not in USUAL_PORTS or allow_private is True or ALL in (allow_private or ()):
        return []
    shown, host = without_password(address), parts.hostname or ""
    try:
        port = parts.port or USUAL_PORTS[parts.scheme]
    except ValueError as error:
        raise ConnectorError(f"The address {shown} has a port that is none ({error}).") from error
    if not PLAIN_HOST.fullmatch(host) or parts.netloc.count("@") > 1 or "\\" in address:
        raise ConnectorError(
            f"The address {shown} names no host that can be checked. Write it in ASCII, as https://HOST/PATH."
        )
    try:
        found = allowed_addresses(host, port, allowed)
    except AddressRefused as error:
        raise ConnectorError(f"The repository {shown} is not read: {error}") from error
    except (OSError, UnicodeError) as error:
        raise SourceUnavailable(
            f"The repository {shown} cannot be reached just now: the name {host!r} is not known ({error}). Try again "
            "later; what was read of it stays."
        ) from error
    if host in found:  # an address, not a name
        return [*UNDIVERTED]
    pinned = ",".join(f"[{each}]" if ":" in each else each for each in found)
    return [*UNDIVERTED, "-c", f"http.curloptResolve={host}:{port}:{pinned}"]


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
    if done.returncode and MOVED.search(done.stderr):
        raise ConnectorError(
            f"The repository {shown} has moved: its server sends callers on, which is not followed. "
            "Name its new address."
        )
    if done.returncode:
        said = last_line(done.stderr).replace(address, shown)
        raise ConnectorError(
            f"The repository {shown} cannot be copied. {said} Check the address and your access."
        )
    return done.stdout
