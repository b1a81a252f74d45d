"""
Intake of receipts: each batch of a gateway is kept once, with the position it was read to, in one transaction.
"""

from collections.abc import Iterable
from contextlib import closing

import pandas as pd
from sqlalchemy import Connection

from borgerpuls import clock
from borgerpuls.database import copy_rows, load_query, transaction
from borgerpuls.errors import ReceiptIsUnreadable
from borgerpuls.fieldwork.channels.http import GatewayConnections
from borgerpuls.fieldwork.receipt_source import GATEWAYS, ReceiptSource
from borgerpuls.fieldwork.receipts import Receipt
from borgerpuls.settings import settings


def take_in_receipts() -> dict[str, int]:
    """
    Read every gateway's queue from where it was read to last.

    Returns:
        `receipts` (new), `moved` (messages), `unknown_ids` (receipts for messages nobody knows), `unreadable`.

    Raises:
        ReceiptIsForged: Receipts do not carry the seal of the shared secret.
        GatewayIsDown: A gateway does not answer.
    """
    chosen = settings()
    token = chosen.require("gateway_token")
    urls = {"digital_post": chosen.digital_post_gateway_url, "sms": chosen.sms_gateway_url}
    counts = {"receipts": 0, "moved": 0, "unknown_ids": 0, "unreadable": 0}
    for name, url in urls.items():
        connections = GatewayConnections(url, chosen.gateway_timeout_seconds)
        with closing(ReceiptSource(connections, token, GATEWAYS[name])) as source:
            while _take_in_batch(name, source, counts):
                pass
    return counts


def _take_in_batch(name: str, source: ReceiptSource, counts: dict[str, int]) -> bool:
    """Read one batch and return whether there may be more."""
    with transaction("fieldwork") as connection:
        connection.execute(load_query("fieldwork/begin_cursor.sql"), {"gateway": name})
        position = connection.execute(load_query("fieldwork/cursor.sql"), {"gateway": name}).scalar_one()
        batch = source.after(position)
        if not batch:
            return False
        receipts: list[Receipt] = []
        for delivered in batch:
            try:
                receipts.append(source.read(delivered))
            except ReceiptIsUnreadable as error:
                counts["unreadable"] += connection.execute(
                    load_query("fieldwork/keep_broken.sql"),
                    {
                        "gateway": name,
                        "position": delivered.position,
                        "content_sha256": delivered.sha256(),
                        "problem": error.what,
                    },
                ).rowcount
        kept, moved, strangers = _keep(connection, receipts)
        counts["receipts"] += kept
        counts["moved"] += moved
        counts["unknown_ids"] += strangers
        connection.execute(load_query("fieldwork/move_cursor.sql"), {"gateway": name, "position": batch[-1].position})
    return True


def _keep(connection: Connection, receipts: Iterable[Receipt]) -> tuple[int, int, int]:
    """Keep receipts and move their messages; return how many were new, how many messages moved, how many strangers."""
    table = pd.DataFrame(
        [
            {
                "receipt_id": one.receipt_id,
                "message_id": one.message_id,
                "status": str(one.status),
                "reason": one.reason,
                "channel": str(one.channel),
                "occurred_at": one.occurred_at.isoformat(),
            }
            for one in receipts
        ]
    )
    if table.empty:
        return 0, 0, 0
    connection.execute(load_query("fieldwork/stage_receipts.sql"))
    copy_rows(connection, "staged_receipt", table)
    kept = connection.execute(load_query("fieldwork/keep_receipts.sql")).all()
    moved = connection.execute(load_query("fieldwork/apply_receipts.sql"), {"now": clock.now()}).rowcount
    return len(kept), moved, sum(not row.is_known for row in kept)
