"""
Where receipts come from: a gateway's queue, read from a position, acknowledged by our own commit.

The sandbox hands batches over HTTP, sealed with the shared secret. The Beskedfordeler's queue has the same shape: read,
commit, acknowledge.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from borgerpuls.errors import GatewayIsDown, ReceiptIsUnreadable
from borgerpuls.fieldwork.channels.http import GatewayConnections
from borgerpuls.fieldwork.receipts import Receipt, check_seal, read_post_receipt, read_sms_receipt

BATCH = 1000
SEAL_HEADER = "x-receipt-seal"


@dataclass(frozen=True)
class Delivered:
    """One receipt as it came, with its position in the gateway's queue."""

    position: int
    content: bytes

    def sha256(self) -> str:
        """Return the fingerprint of the content, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def _read_sms(content: bytes) -> Receipt:
    try:
        status = json.loads(content)
    except ValueError:
        raise ReceiptIsUnreadable("Kvitteringen kan ikke læses (JSON).") from None
    if not isinstance(status, dict):
        raise ReceiptIsUnreadable("Kvitteringen kan ikke læses (ikke et objekt).")
    return read_sms_receipt(status)


GATEWAYS: dict[str, Callable[[bytes], Receipt]] = {"digital_post": read_post_receipt, "sms": _read_sms}


class ReceiptSource:
    """The receipts of one gateway."""

    def __init__(self, connections: GatewayConnections, token: str, reader: Callable[[bytes], Receipt]) -> None:
        self._connections = connections
        self._token = token
        self._reader = reader

    def read(self, delivered: Delivered) -> Receipt:
        """Return the receipt, or raise ReceiptIsUnreadable."""
        return self._reader(delivered.content)

    def after(self, position: int) -> list[Delivered]:
        """
        Return the next receipts after *position*, at most BATCH.

        Raises:
            ReceiptIsForged: The batch is not sealed with the shared secret.
            GatewayIsDown: No usable answer.
        """
        reply = self._connections.look_up(
            f"/receipts?after={position}&limit={BATCH}", {"authorization": f"Bearer {self._token}"}
        )
        if reply.status != 200:
            raise GatewayIsDown(f"Kvitteringerne kan ikke hentes (svar {reply.status}).", next_step="Prøv igen senere.")
        check_seal(self._token, reply.body, reply.headers.get(SEAL_HEADER, ""))
        try:
            rows = json.loads(reply.body)["receipts"]
            return [Delivered(int(row["position"]), base64.b64decode(row["content"])) for row in rows]
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise GatewayIsDown("Kvitteringerne kan ikke læses.", next_step="Prøv igen senere.") from None

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()
