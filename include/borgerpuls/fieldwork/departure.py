"""
Departure: with which gateways, in which windows and within which limits a dispatch leaves, as the settings have it.
"""

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from borgerpuls import clock
from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.fieldwork.channels.digital_post import DigitalPostGateway
from borgerpuls.fieldwork.channels.http import GatewayConnections
from borgerpuls.fieldwork.channels.letter import LetterOutbox
from borgerpuls.fieldwork.channels.sms import SmsGateway
from borgerpuls.fieldwork.dispatch import Dispatch
from borgerpuls.fieldwork.journal import Journal
from borgerpuls.fieldwork.ledger import Ledger
from borgerpuls.fieldwork.letters import LetterBook, MunicipalityText
from borgerpuls.fieldwork.postman import GatewayPostman
from borgerpuls.fieldwork.round_content import letter_dates
from borgerpuls.fieldwork.windows import SendingWindows
from borgerpuls.settings import settings
from borgerpuls.terms import Channel
from borgerpuls.vault import RoundKey

SYNTHETIC_CPR = re.compile(r"[6-9]\d{9}", re.ASCII)
"""Day of birth plus 60: nobody's number."""
SECONDS_OF_HEALTH_CHECK = 2.0
SECONDS_BETWEEN_LOOKS = 0.5


@contextmanager
def connected_postman(
    plan: Row[Any], municipality_code: str, text: MunicipalityText, book: LetterBook, round_key: RoundKey
) -> Iterator[GatewayPostman]:
    """Yield who writes and carries one municipality's messages, with connections that are closed afterwards."""
    chosen = settings()
    token = chosen.require("gateway_token")
    with (
        closing(GatewayConnections(chosen.digital_post_gateway_url, chosen.gateway_timeout_seconds)) as post,
        closing(GatewayConnections(chosen.sms_gateway_url, chosen.gateway_timeout_seconds)) as sms,
    ):
        yield GatewayPostman(
            round_id=plan.round_id,
            sender_cvr=_cvr(municipality_code),
            text=text,
            book=book,
            dates=letter_dates(plan),
            key=round_key,
            digital_post=DigitalPostGateway(post, token),
            sms=SmsGateway(sms, token),
            letters=LetterOutbox(chosen.letter_place() / plan.round_id / municipality_code),
            is_sandbox=chosen.gateways == "sandbox",
        )


def depart(
    plan: Row[Any], ledger: Ledger, journal: Journal, postman: GatewayPostman, round_key: RoundKey
) -> dict[str, int]:
    """
    Take over from dispatches that died, and send what is due now in the ledger's municipality; return the counts.

    What a dispatch held that died just now can be taken over when its leases have run out: they are waited for, so that
    the try after a crash leaves nothing behind.

    Raises:
        RoundWasRestored, GatewayIsDown, GatewayRefusesUs, JournalIsUnwritable: See `stage.send_due`.
    """
    ledger.refuse_restored(journal)
    recovered = sum(ledger.recover(journal, clock.now()).values())
    sent = _dispatch_of(plan, ledger, journal, postman, round_key).run()
    if _leases_of_others_ran_out(ledger):
        recovered += sum(ledger.recover(journal, clock.now()).values())
        for name, number in _dispatch_of(plan, ledger, journal, postman, round_key).run().items():
            sent.add(name, number)
    return dict(sent) | {"recovered": recovered}


def _leases_of_others_ran_out(ledger: Ledger) -> bool:
    """Wait while others hold messages, one lease at most; tell whether some may have been left behind."""
    deadline = time.monotonic() + ledger.lease_seconds
    while True:
        messages, seconds = ledger.held_by_others()
        if not messages:
            return False
        if not seconds or time.monotonic() > deadline:
            return True
        time.sleep(min(seconds, SECONDS_BETWEEN_LOOKS))


def _dispatch_of(
    plan: Row[Any], ledger: Ledger, journal: Journal, postman: GatewayPostman, round_key: RoundKey
) -> Dispatch:
    chosen = settings()
    channels = frozenset(Channel(name) for name in plan.channels)
    return Dispatch(
        ledger=ledger,
        journal=journal,
        postman=postman,
        round_key=round_key,
        windows=sending_windows(),
        channels=channels,
        now=clock.now,
        may_send_to=belongs_to_these_gateways,
        is_site_well=answer_site_is_well,
        window=chosen.send_window,
        batch_size=chosen.send_batch_size,
        rate=chosen.send_rate,
        resends=channels & resend_channels(),
        remembered_for=timedelta(hours=chosen.deduplication_hours),
    )


def resend_channels() -> frozenset[Channel]:
    """Return the channels that take each message id once: those of the settings, and the outbox of paper letters."""
    return frozenset(Channel(name) for name in settings().gateways_deduplicate) | {Channel.LETTER}


def belongs_to_these_gateways(cpr: str) -> bool:
    """Tell whether a CPR number may go to the gateways of the settings: invented ones to the sandbox, no others."""
    return bool(SYNTHETIC_CPR.fullmatch(cpr)) == (settings().gateways == "sandbox")


def answer_site_is_well() -> bool:
    """Tell whether the answer site can take the answers of those who are written to now; yes when it is not asked."""
    url = settings().answer_site_health_url
    if not url:
        return True
    place, _, path = url.partition("//")[2].partition("/")
    connections = GatewayConnections(url.removesuffix(f"/{path}") if place else url, SECONDS_OF_HEALTH_CHECK)
    try:
        return connections.call("GET", f"/{path}", {}).status == 200
    except Exception:  # noqa: BLE001 - a site that cannot be asked is unwell
        return False
    finally:
        connections.close()


def sending_windows() -> SendingWindows:
    """Return the sending windows of the settings."""
    chosen = settings()
    return SendingWindows(chosen.digital_post_days, chosen.digital_post_hours, chosen.sms_days, chosen.sms_hours)


def _cvr(municipality_code: str) -> str:
    table = municipalities()
    return str(table.loc[table["municipality_code"] == municipality_code, "cvr"].iloc[0])
