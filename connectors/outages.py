"""Errors that speak of the way to a source and not of the source: another time it may be there."""

from __future__ import annotations

import errno

NUMBERS = frozenset({errno.EBUSY, errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH})
NAMES = frozenset(
    {
        # requests, urllib3, httpx
        *(
            "ConnectionError",
            "ConnectTimeout",
            "ReadTimeout",
            "Timeout",
            "MaxRetryError",
            "NewConnectionError",
        ),
        *("ConnectError", "ReadError", "RemoteProtocolError", "PoolTimeout", "TimeoutException"),
        # aiohttp, botocore, fsspec, Azure, OpenAI
        *("ClientConnectorError", "ClientConnectorDNSError", "ServerDisconnectedError", "ClientOSError"),
        *("ServerTimeoutError", "ConnectTimeoutError", "ReadTimeoutError", "EndpointConnectionError"),
        *("ConnectionClosedError", "FSTimeoutError", "ServiceRequestError", "ServiceResponseError"),
        *("APIConnectionError", "APITimeoutError"),
    }
)
"""By name: most of these libraries are not installed."""


def is_outage(error: BaseException) -> bool:
    """Whether an error, or one that led to it, says that the other side is not there just now."""
    seen: BaseException | None = error
    while seen is not None:
        has_number = isinstance(seen, OSError) and seen.errno in NUMBERS
        if has_number or isinstance(seen, TimeoutError | ConnectionError) or type(seen).__name__ in NAMES:
            return True
        seen = seen.__cause__ or seen.__context__
    return False
