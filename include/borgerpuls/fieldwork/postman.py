"""
The postman: writes one person's message for one channel, and hands it to that channel's gateway, or outbox.

Pure apart from the gateways it is given.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from functools import partial

from borgerpuls.clock import COPENHAGEN
from borgerpuls.errors import MessageIsMalformed
from borgerpuls.fieldwork.channels.digital_post import DigitalPost, DigitalPostGateway
from borgerpuls.fieldwork.channels.letter import LetterOutbox, PaperLetter, usable_address
from borgerpuls.fieldwork.channels.memo import Action, File, MemoMessage, Sender, kombi_request
from borgerpuls.fieldwork.channels.port import Outcome, Registration
from borgerpuls.fieldwork.channels.sms import Sms, SmsGateway, plain_text, usable_number
from borgerpuls.fieldwork.dispatch import Person
from borgerpuls.fieldwork.ledger import Claimed
from borgerpuls.fieldwork.letters import LetterBook, LetterDates, MunicipalityText, Recipient
from borgerpuls.terms import Channel, Slot
from borgerpuls.vault import RoundKey

ANSWER_LABEL = "Besvar spørgeskemaet"
FILE_NAMES = {1: "Invitation.html", 2: "Paamindelse-1.html", 3: "Paamindelse-2.html"}
LAST_MINUTE = time(23, 59)


@dataclass(frozen=True)
class GatewayPostman:
    """Writes for one municipality of one round. *is_sandbox* lets letters link to this machine."""

    round_id: str
    sender_cvr: str
    text: MunicipalityText
    book: LetterBook
    dates: LetterDates
    key: RoundKey = field(repr=False)
    digital_post: DigitalPostGateway
    sms: SmsGateway
    letters: LetterOutbox
    is_sandbox: bool

    @property
    def registration(self) -> Registration:
        """Who knows who can be reached by Digital Post."""
        return self.digital_post

    def prepare(self, claimed: Claimed, person: Person, channel: Channel, now: datetime) -> Callable[[], Outcome]:
        """
        Write the message and return the call that sends it.

        Raises:
            MessageIsMalformed: The message breaks a rule of its channel.
        """
        recipient = Recipient(
            name=person.name,
            token=self.key.link_token(person.person_id),
            code=self.key.typed_code(person.person_id),
        )
        if channel is Channel.DIGITAL_POST:
            request = kombi_request(self._memo(claimed, person, recipient, now))
            return partial(self.digital_post.send, DigitalPost(claimed.transaction_id, now, request))
        if channel is Channel.SMS:
            return partial(self.sms.send, self._sms(claimed, person, recipient))
        return partial(self.letters.send, self._paper(claimed, person, recipient))

    def _memo(self, claimed: Claimed, person: Person, recipient: Recipient, now: datetime) -> MemoMessage:
        letter = self.book.letter(claimed.wave, self.text, recipient)
        closes_at = datetime.combine(self.dates.close_date, LAST_MINUTE, COPENHAGEN)
        return MemoMessage(
            message_id=claimed.message_id,
            label=letter.subject,
            sender=Sender(self.sender_cvr, self.text.sender_name),
            recipient_cpr=person.cpr,
            notification=f"Du har fået post fra {self.text.sender_name}",
            reference=f"{self.round_id}-{claimed.wave}-{claimed.slot}",
            created_at=now,
            main_document=File(FILE_NAMES[claimed.wave], "text/html", letter.html.encode()),
            action=Action(ANSWER_LABEL, self.book.link(recipient), now, closes_at),
            allows_loopback=self.is_sandbox,
        )

    def _paper(self, claimed: Claimed, person: Person, recipient: Recipient) -> PaperLetter:
        lines = usable_address(person.address)
        if lines is None:
            raise MessageIsMalformed("Adressen kan ikke bruges.", where=f"Brev {claimed.message_id}")
        addressed = replace(recipient, address="\n".join(lines))
        return PaperLetter(claimed.message_id, self.book.paper(self.text, addressed).html)

    def _sms(self, claimed: Claimed, person: Person, recipient: Recipient) -> Sms:
        msisdn = usable_number(person.mobile).msisdn
        text = plain_text(self.book.sms(self.text, recipient, is_alone=claimed.slot == Slot.MAIN))
        if msisdn is None:
            raise MessageIsMalformed("Nummeret kan ikke bruges.", where=f"SMS {claimed.message_id}")
        return Sms(str(claimed.message_id), self.text.sms_sender, msisdn, text)
