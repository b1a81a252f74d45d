"""
HTTP to a gateway, one kept connection per thread, that knows a call that was never sent from one in doubt.

The standard library's client: about 0.3 ms of processor time a call, a tenth of httpx's (docs/decisions/), and it logs
nothing, so a CPR number in a look-up's address reaches no log. Errors are raised without the request they belong to.
"""

import http.client
import select
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from borgerpuls.errors import GatewayIsDown

LONGEST_IDLE_SECONDS = 4.0
"""A kept connection that has rested longer is made anew: the other side may be closing it this moment."""
LOOK_UP_TRIES = 4


class NeverSentError(Exception):
    """No connection: the other side cannot have the call."""


class FateUnknownError(Exception):
    """The call has left and no whole answer came."""


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def retry_after(self) -> float | None:
        """Return the seconds the gateway asks us to wait, if it does."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.replace(".", "", 1).isdigit() else None


class GatewayConnections:
    """The connections of this process to one gateway."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._class = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._timeout = timeout_seconds
        self._kept = threading.local()
        self._opened: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        """Close the connections of all threads; nobody may be calling."""
        while self._opened:
            self._opened.pop().close()

    def call(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Reply:
        """
        Make one call, without retry.

        Raises:
            NeverSentError: The connection could not be made.
            FateUnknownError: Anything else went wrong.
        """
        connection = self._connection()
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            self._kept.connection = None
            raise FateUnknownError(type(error).__name__) from None
        self._kept.used_at = time.monotonic()
        if response.will_close:
            connection.close()
            self._kept.connection = None
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, content)

    def look_up(self, path: str, headers: Mapping[str, str]) -> Reply:
        """
        Ask something that changes nothing, again if need be.

        Raises:
            GatewayIsDown: No usable answer after several tries.
        """
        for attempt in range(LOOK_UP_TRIES):
            try:
                reply = self.call("GET", path, headers)
            except (NeverSentError, FateUnknownError):
                wait = 0.1 * 2**attempt
            else:
                if reply.status < 429:
                    return reply
                wait = reply.retry_after() or 0.1 * 2**attempt
            time.sleep(min(wait, 2.0))
        raise GatewayIsDown(
            f"Et opslag har ikke fået svar efter {LOOK_UP_TRIES} forsøg.",
            where=f"{self._host}:{self._port}",
            next_step="Se efter, om gatewayen kører. Intet er sendt; kør opgaven igen.",
        )

    def _connection(self) -> http.client.HTTPConnection:
        kept: http.client.HTTPConnection | None = getattr(self._kept, "connection", None)
        if kept is not None and kept.sock is not None:
            is_rested = time.monotonic() - self._kept.used_at > LONGEST_IDLE_SECONDS
            if not is_rested and not select.select([kept.sock], [], [], 0)[0]:
                return kept
            kept.close()
        fresh = self._class(self._host, self._port, timeout=self._timeout)
        try:
            fresh.connect()
        except OSError as error:
            raise NeverSentError(type(error).__name__) from None
        self._opened.append(fresh)
        self._kept.connection, self._kept.used_at = fresh, time.monotonic()
        return fresh
