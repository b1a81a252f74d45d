"""
What the web service has at hand: its keys, its database connections, and what it asks of them.
"""

import uuid
from collections.abc import Callable
from datetime import date
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.database import load_query
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.questionnaire.stage import instrument_of
from borgerpuls.questionnaire.submission import Form, load_form
from borgerpuls.questionnaire.web import attempts
from borgerpuls.settings import settings
from borgerpuls.vault import access_vault

T = TypeVar("T")

log = structlog.get_logger(__name__)


class ServiceIsBusy(Exception):
    """The database does not answer right now."""


def is_any_round_open(connection: Connection) -> bool:
    """Tell whether any round takes answers."""
    return bool(connection.execute(load_query("questionnaire/is_any_open.sql")).scalar_one())


class Service:
    """The service's keys and its connections, which take the questionnaire's role as they are made."""

    def __init__(self) -> None:
        self.keys = access_vault()
        self._instruments: dict[str, Instrument] = {}
        self.is_simulated = settings().clock == "simulated"
        self.is_secure = settings().questionnaire_url.startswith("https://")
        self.engine: Engine = create_engine(
            settings().require("questionnaire_database_url"),
            isolation_level="AUTOCOMMIT",
            pool_size=20,
            max_overflow=20,
            connect_args={
                "options": "-c role=borgerpuls_questionnaire -c synchronous_commit=on -c statement_timeout=8000",
                "connect_timeout": 5,
            },
        )

    def ask(self, call: Callable[[Connection], T]) -> T:
        """Run *call* with a connection; once more on a new one where the first was lost (every save is idempotent)."""
        for attempt in (1, 2):
            try:
                with self.engine.connect() as connection:
                    return call(connection)
            except DBAPIError as error:
                log.warning("statement failed", kind=type(error.orig).__name__, attempt=attempt)
                if not isinstance(error, OperationalError | InterfaceError):
                    break
        raise ServiceIsBusy

    def instrument(self, form: Form) -> Instrument:
        """Return the instrument of a form's round; it is fixed when the round is approved, so it is read once."""
        if form.round_id not in self._instruments:
            self._instruments[form.round_id] = self.ask(lambda connection: instrument_of(connection, form.round_id))
        return self._instruments[form.round_id]

    def form(self, response_id: uuid.UUID) -> Form | None:
        """Return a form as it stands."""
        return self.ask(lambda connection: load_form(connection, response_id))

    def form_of(self, secret: str, query: str, parameter: str) -> Form | None:
        """Return the form that a token, a code or a receipt number opens."""

        def find(connection: Connection) -> Form | None:
            found = connection.execute(load_query(query), {parameter: self.keys.access_hash(secret)}).scalar()
            return load_form(connection, found) if found else None

        return self.ask(find)

    def form_of_staff_code(self, code: str) -> tuple[Form, bool] | None:
        """Return the form that a code issued by staff is for, and whether the code has been used."""

        def find(connection: Connection) -> tuple[Form, bool] | None:
            known = {"secret_hash": self.keys.access_hash(code)}
            row = connection.execute(load_query("questionnaire/staff_code.sql"), known).first()
            form = load_form(connection, row.response_id) if row else None
            return (form, row.is_used) if row and form else None

        return self.ask(find)

    def start_blank(self, code: str) -> Form | None:
        """Spend a code issued by staff: return its form, emptied, or None when somebody was faster."""

        def start(connection: Connection) -> Form | None:
            known = {"secret_hash": self.keys.access_hash(code)}
            found = connection.execute(load_query("questionnaire/start_blank.sql"), known).scalar()
            return load_form(connection, found) if found else None

        return self.ask(start)

    def is_blocked(self, address: str) -> bool:
        """Return whether *address* has tried too many wrong codes of late."""
        return self.ask(lambda connection: attempts.is_blocked(connection, self._guesser(address)))

    def count_wrong_code(self, address: str) -> None:
        """Remember a wrong code from *address*."""
        self.ask(lambda connection: attempts.count(connection, self._guesser(address)))

    def _guesser(self, address: str) -> bytes:
        return self.keys.access_hash(f"address|{attempts.guesser_of(address)}")

    def today(self, form: Form) -> date:
        """Return the round's date; the service's login may read the simulated clock but not set it."""
        if not self.is_simulated:
            return clock.today()
        return form.simulated_at.astimezone(COPENHAGEN).date() if form.simulated_at else form.close_date

    def state_of(self, form: Form | None) -> str:
        """
        Return `open`, or the name of the message that says why the form cannot be answered.

        Of a round that is forgotten no link is known any more: where no round takes answers, that is why.
        """
        if form is None:
            return "unknown_link" if self.ask(is_any_round_open) else "closed"
        if form.state == "completed":
            return "answered"
        if form.state == "deleted":
            return "deleted"
        return "open" if form.is_open(self.today(form)) else "closed"
