"""Connections to public addresses only: a name is looked up, checked, and what was checked is connected to."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from hippograph.errors import ConnectorError

TRANSLATED = ip_network("64:ff9b::/96")
"""IPv4 addresses as IPv6 networks see them (RFC 6052); the last four bytes are the address."""


ALL = "all"


class AddressRefused(Exception):
    """A name stands for an address within this machine or its network. The message is a sentence."""


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet: not private, loopback, link-local or reserved.

    IPv6 forms that carry an IPv4 address are judged by that one.

    >>> is_public("169.254.169.254"), is_public("::ffff:10.0.0.1"), is_public("1.1.1.1")
    (False, False, True)
    """
    found = _plain(address)
    return found is not None and found.is_global and not found.is_multicast


def ranges(allowed: bool | Sequence[str]) -> list[IPv4Network | IPv6Network]:
    """The ranges of addresses that are written down; True and `all` stand for every address.

    Raises ConnectorError for what is no range.
    """
    names = [ALL] if allowed is True else list(allowed or ())
    try:
        wide = [range_ for name in names if name == ALL for range_ in ("0.0.0.0/0", "::/0")]
        return [ip_network(name, strict=False) for name in (*wide, *names) if name != ALL]
    except ValueError as error:
        raise ConnectorError(f"An address range is written like 10.1.0.0/16: {error}.") from error


def allowed_addresses(host: str, port: int, allowed: Sequence[IPv4Network | IPv6Network]) -> list[str]:
    """The addresses of a host, looked up once, that are public or within a range that is allowed.

    Raises AddressRefused where there is none, OSError or UnicodeError where the name is not known.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(where[0]) for *_, where in found))
    kept = [address for address in addresses if is_public(address) or _is_within(address, allowed)]
    if not kept:
        raise AddressRefused(
            f"{host!r} stands for {addresses[0]}, an address within a private network. "
            "If the source is yours, allow its range: sources.allow_private in the settings, or "
            "--allow-private RANGE."
        )
    return kept


def _is_within(address: str, allowed: Sequence[IPv4Network | IPv6Network]) -> bool:
    found = _plain(address)
    return found is not None and any(found in range_ for range_ in allowed)


def _plain(address: str) -> IPv4Address | IPv6Address | None:
    """The address, without the IPv6 form that carries it; None for what is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    inner = _carried(found) if isinstance(found, IPv6Address) else None
    return inner or found


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address in TRANSLATED:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class CheckedBackend:
    """httpcore's network backend: looks a name up once, connects to what it allowed, and keeps a deadline.

    The deadline holds for a whole exchange. A server that sends one byte now and then meets any time-out that
    holds for a single read.
    """

    def __init__(self, allow_private: bool | Sequence[str]) -> None:
        from httpcore import SyncBackend

        self._backend: Any = SyncBackend()
        self._allowed = ranges(allow_private)
        self.deadline = float("inf")
        """On the clock of time.monotonic."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> TimedStream:
        """A connection to the first address of the host that answers. Raises AddressRefused."""
        import httpcore

        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            try:
                left = time_left(self.deadline, timeout)
                stream = self._backend.connect_tcp(address, port, left, local_address, socket_options)
                return TimedStream(stream, self)
            except (httpcore.NetworkError, httpcore.TimeoutException) as error:
                failure = error
        raise failure

    def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        self._backend.sleep(seconds)

    def _addresses(self, host: str, port: int) -> list[str]:
        import httpcore

        try:
            return allowed_addresses(host, port, self._allowed)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host!r} is not known ({error})") from error


class TimedStream:
    """httpcore's network stream under the deadline of its backend."""

    def __init__(self, stream: Any, backend: CheckedBackend) -> None:
        self._stream, self._backend = stream, backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes; none at the end."""
        return bytes(self._stream.read(max_bytes, time_left(self._backend.deadline, timeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of the buffer."""
        self._stream.write(buffer, time_left(self._backend.deadline, timeout))

    def close(self) -> None:
        """End the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> TimedStream:
        """The same connection, encrypted; the certificate is checked against the name."""
        left = time_left(self._backend.deadline, timeout)
        return TimedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._backend)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a stream, such as whether it is readable."""
        return self._stream.get_extra_info(info)


def time_left(deadline: float, timeout: float | None) -> float:
    """Seconds that one operation may take. Raises httpcore.ReadTimeout when the deadline has passed."""
    import httpcore

    left = min(deadline - time.monotonic(), timeout if timeout is not None else float("inf"))
    if left <= 0:
        raise httpcore.ReadTimeout("the whole answer took too long")
    return left
