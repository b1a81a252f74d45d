"""
Retention: destroy on schedule what is kept of the citizens, write down that it is gone, and prove it.

Keys go first, then rows, then files: from the first step on nothing of the round opens, in no copy of the database. Each
step may run again at any time, and after a crash anywhere the next run ends where an undisturbed one would have.
What goes when, and what stays: docs/retention.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from borgerpuls import clock
from borgerpuls.database import load_query, read_rows, transaction
from borgerpuls.errors import RetentionNeedsAttention, RoundIsNotDue, RoundKeyIsMissing, UnknownRound
from borgerpuls.hashing import file_sha256
from borgerpuls.retention.deadlines import Deadline, deadline_of
from borgerpuls.retention.proof import Finding, findings
from borgerpuls.retention.shredding import arrived_before, extracts_of, files_below, shred
from borgerpuls.retention.words import EXTRACT_KEY, INBOX, JOURNAL, KEY, LETTERS
from borgerpuls.round_keys import RoundKeyFolder, set_gravestone
from borgerpuls.settings import settings
from borgerpuls.terms import RoundState

ROWS = (
    ("fieldwork.receipt", "delete_receipts"),
    (None, "keep_message_counts"),
    ("fieldwork.message", "delete_messages"),
    ("fieldwork.opt_out", "delete_opt_outs"),
    ("fieldwork.arm", "delete_arms"),
    ("fieldwork.audit", "blank_audit"),
    ("link.staff_code", "delete_staff_codes"),
    ("link.access", "delete_accesses"),
    ("answers.page_save", "delete_written_page_saves"),
    ("answers.answer", "delete_written_answers"),
    ("answers.open_answer", "delete_written_open_answers"),
    ("answers.form", "delete_forms"),
    ("identity.citizen", "delete_citizens"),
    ("identity.extract_file", "delete_extracts"),
    ("identity.quarantined_row", "delete_quarantined_rows"),
    ("frame.spell", "delete_spells"),
    ("frame.row_error", "delete_row_errors"),
    (None, "make_numbers"),
    (None, "index_numbers"),
    ("sampling.sample", "number_sample"),
    ("frame.person", "coarsen_people"),
    ("responses.open_answer", "delete_open_answers"),
    ("responses.release", "delete_releases"),
    ("responses.response", "delete_uncounted_responses"),
    (None, "make_answer_numbers"),
    (None, "index_answer_numbers"),
    (None, "go_by_key"),
    ("responses.response", "coarsen_responses"),
)
"""What becomes of a round's rows, in order: the table, and the statement; None is what only prepares."""

RUNBOOK = "docs/runbooks/retention.md"


def passes(point: str) -> None:
    """Mark a place where a crash would be worst. Does nothing; the tests put their crash here."""


@dataclass(frozen=True)
class RoundRetention:
    """What is due of a round, and whether it is done."""

    round_id: str
    name: str
    state: RoundState
    deadline: Deadline
    forgotten_at: datetime | None

    @property
    def forgotten_date(self) -> date | None:
        """The Danish day on which it was forgotten, if it is."""
        return None if self.forgotten_at is None else self.forgotten_at.astimezone(clock.COPENHAGEN).date()


@dataclass(frozen=True)
class _Place:
    """Files of a round in one place outside the database."""

    what: str
    folder: Path
    files: Sequence[Path]
    municipality_code: str | None = None


@dataclass(frozen=True)
class _Act:
    """One act of destruction, as the register tells it."""

    round_id: str | None
    rule: str
    due_date: date
    run_id: str


# --- extracts -----------------------------------------------------------------------------------------------------


def extracts_due() -> list[dict[str, str]]:
    """Return round and municipality of each extract whose day has come, or whose destruction was not completed."""
    with transaction("retention") as connection:
        rows = read_rows(connection, "retention/extracts_due.sql", today=clock.today())
    return [{"round_id": row.round_id, "municipality_code": row.municipality_code} for row in rows]


def destroy_extract(round_id: str, municipality_code: str, run_id: str) -> dict[str, int]:
    """
    Destroy a municipality's extract, the rows that were set aside from it, and its file in the inbox.

    A file that has come since, and is not the one that was read, stays for the frame. What is not due stays too.

    Returns:
        `rows` and `files` that went.
    """
    known = {"round_id": round_id, "municipality_code": municipality_code}
    today = clock.today()
    key = _folder().of_extract(round_id, municipality_code)
    with transaction("retention") as connection:
        connection.execute(load_query("retention/hold_round.sql"), {"round_id": round_id})
        due = [
            row
            for row in read_rows(connection, "retention/extracts_due.sql", today=today)
            if (row.round_id, row.municipality_code) == (round_id, municipality_code)
        ]
        if not due:
            return {"rows": 0, "files": 0}
        act = _Act(round_id, "extract", due[0].destroy_after_date, run_id)
        read = connection.execute(load_query("retention/extract_read.sql"), known).scalar()
        inbox = settings().inbox_folder / round_id
        expired = today - timedelta(days=settings().extract_retention_days)
        found = extracts_of(inbox, municipality_code)
        gone = [path for path in found if file_sha256(path) == read] + arrived_before(found, expired)
        places = (
            _Place(EXTRACT_KEY, key.parent, [key] if key.exists() else [], municipality_code),
            _Place(INBOX, inbox, sorted(set(gone)), municipality_code),
        )
        for place in places:
            _begin(connection, act, place)
    passes("marked")
    files = _shred(act, places[0])
    passes(EXTRACT_KEY)
    with transaction("retention") as connection:
        connection.execute(load_query("retention/hold_round.sql"), {"round_id": round_id})
        rows = 0
        for what, query in (
            ("identity.quarantined_row", "delete_quarantined_rows"),
            ("identity.extract_file", "delete_extracts"),
        ):
            rows += _destroy_rows(connection, act, what, query, municipality_code)
    passes("rows")
    files += _shred(act, places[1])
    return {"rows": rows, "files": files}


def destroy_strays(run_id: str) -> dict[str, int]:
    """
    Destroy what belongs to no step of a round: receipts for ids that no message has, wrong codes that were tried, and files
    in the inboxes, when they are old.

    Returns:
        `rows` and `files` that went.
    """
    today = clock.today()
    oldest = today - timedelta(days=settings().round_retention_days)
    with transaction("retention") as connection:
        act = _Act(None, "stray", today, run_id)
        rows = _destroy_rows(connection, act, "fieldwork.receipt", "delete_stray_receipts", before=oldest)
        rows += _destroy_rows(connection, act, "link.wrong_try", "delete_old_tries")
        round_ids = [row.round_id for row in read_rows(connection, "retention/rounds.sql", round_id=None)]
    files = 0
    expired = today - timedelta(days=settings().extract_retention_days)
    for round_id in round_ids:
        inbox = settings().inbox_folder / round_id
        act = _Act(round_id, "stray", today, run_id)
        place = _Place(INBOX, inbox, arrived_before(files_below(inbox), expired))
        if place.files:
            with transaction("retention") as connection:
                _begin(connection, act, place)
            files += _shred(act, place)
    return {"rows": rows, "files": files}


# --- rounds -------------------------------------------------------------------------------------------------------


def rounds_due() -> list[str]:
    """Return the rounds whose day has come and of which something is left, whatever became of earlier runs."""
    today = clock.today()
    return [one.round_id for one in retentions() if one.deadline.is_due(today) and not _is_done(one, today)]


def forget_round(round_id: str, run_id: str) -> dict[str, int]:
    """
    Forget the people of a round: destroy its keys, then the rows, then the files.

    A round that nobody has closed or published is forgotten too; one that nobody has closed is stopped by it. What stays
    are figures, reports, and answers and population without identity.

    Returns:
        `rows` and `files` that went.

    Raises:
        UnknownRound: No round has this id.
        RoundIsNotDue: Its day has not come; nothing was touched.
        RoundKeyIsMissing: Everything else is gone, but the key was not here to be destroyed: find it, or nothing is proven.
    """
    moment = clock.now()
    with transaction("retention") as connection:
        connection.execute(load_query("retention/hold_round.sql"), {"round_id": round_id})
        one = _retention_of(connection, round_id)
        if not one.deadline.is_due(moment.date()):
            raise RoundIsNotDue(
                f"Runden glemmes først den {one.deadline.due_date:%d-%m-%Y}; intet er rørt.",
                where=f"Runde {round_id}",
                next_step="Vent: DAG'en retention gør det af sig selv.",
            )
        connection.execute(load_query("retention/mark_forgotten.sql"), {"round_id": round_id, "now": moment})
        act = _Act(round_id, "round", one.deadline.due_date, run_id)
        key, extract_keys, *others = _places(round_id)
        for place in (key, extract_keys, *others):
            _begin(connection, act, place)
        was_here = KEY in {row.what for row in read_rows(connection, "retention/destructions.sql", round_id=round_id)}
    passes("marked")
    files = _shred(act, key, moment if was_here else None)
    passes(KEY)
    files += _shred(act, extract_keys)
    passes(EXTRACT_KEY)
    with transaction("retention") as connection:
        connection.execute(load_query("retention/hold_round.sql"), {"round_id": round_id})
        rows = sum(_destroy_rows(connection, act, what, query) for what, query in ROWS)
        passes("in the rows")
    passes("rows")
    for place in others:
        files += _shred(act, place)
        passes(place.what)
    if _folder().destroyed_at(round_id) is None:
        raise RoundKeyIsMissing.named(round_id)
    return {"rows": rows, "files": files}


def watch_deadlines() -> dict[str, int]:
    """
    Look at the days of every round.

    Returns:
        `rounds`: how many are not forgotten yet.

    Raises:
        RetentionNeedsAttention: A round is soon forgotten and its reports are not published, or something is left of one
            whose day has come. Every round is named, with its runbook.
    """
    today = clock.today()
    told = []
    waiting = 0
    for one in retentions():
        waiting += one.forgotten_at is None
        if one.deadline.is_due(today):
            if not _is_done(one, today):
                told.append(
                    f"Runde {one.round_id} skulle være glemt den {one.deadline.due_date:%d-%m-%Y}, og der er mere tilbage. "
                    f"Løftet til borgerne gælder til og med den {one.deadline.promised_date:%d-%m-%Y}."
                )
        elif one.deadline.is_near(today) and one.state not in {RoundState.PUBLISHED, RoundState.STOPPED}:
            told.append(
                f"Runde {one.round_id} glemmes den {one.deadline.due_date:%d-%m-%Y}, og dens rapporter er ikke udgivet. "
                "Derefter kan dens svar ikke længere samles ind, ses efter eller rettes."
            )
    if told:
        raise RetentionNeedsAttention(" ".join(told), next_step=f"Se {RUNBOOK}.")
    return {"rounds": waiting}


# --- show and prove -----------------------------------------------------------------------------------------------


def retentions() -> list[RoundRetention]:
    """Return what is due of every round."""
    with transaction("retention") as connection:
        return [_retention(row) for row in read_rows(connection, "retention/rounds.sql", round_id=None)]


def retention_of(round_id: str) -> tuple[RoundRetention, list[Row[Any]], list[Row[Any]]]:
    """
    Return what is due of a round, when its extracts are destroyed, and the register of what has been.

    Raises:
        UnknownRound: No round has this id.
    """
    with transaction("retention") as connection:
        return (
            _retention_of(connection, round_id),
            read_rows(connection, "retention/extract_days.sql", round_id=round_id),
            read_rows(connection, "retention/destructions.sql", round_id=round_id),
        )


def prove(round_id: str) -> list[Finding]:
    """
    Look again at everything that must be gone of a round, and return what was found.

    Raises:
        UnknownRound: No round has this id.
    """
    one, _, register = retention_of(round_id)
    destroyed = [(row.what, row.completed_at is not None) for row in register]
    was_destroyed = _folder().destroyed_at(round_id) is not None
    return findings(one.deadline, one.forgotten_date, _left(round_id), destroyed, key_was_destroyed=was_destroyed)


# --- the steps' own steps -----------------------------------------------------------------------------------------


def _retention_of(connection: Connection, round_id: str) -> RoundRetention:
    rows = read_rows(connection, "retention/rounds.sql", round_id=round_id)
    if not rows:
        raise UnknownRound.named(round_id)
    return _retention(rows[0])


def _retention(row: Row[Any]) -> RoundRetention:
    state = RoundState(row.state)
    stopped_date = None if row.stopped_at is None else row.stopped_at.astimezone(clock.COPENHAGEN).date()
    deadline = deadline_of(state, row.close_date, stopped_date, settings().round_retention_days)
    return RoundRetention(row.round_id, row.name, state, deadline, row.forgotten_at)


def _places(round_id: str) -> tuple[_Place, ...]:
    chosen = settings()
    keys = chosen.round_key_place() / round_id
    found = [path for path in files_below(keys) if path != _folder().gravestone(round_id)]
    of_round = [path for path in found if "round.key" in path.name]
    folders = {
        JOURNAL: chosen.journal_place() / round_id,
        LETTERS: chosen.letter_place() / round_id,
        INBOX: chosen.inbox_folder / round_id,
    }
    return (
        _Place(KEY, keys, of_round),
        _Place(EXTRACT_KEY, keys, [path for path in found if path not in of_round]),
        *(_Place(what, folder, files_below(folder)) for what, folder in folders.items()),
    )


def _folder() -> RoundKeyFolder:
    return RoundKeyFolder(settings().round_key_place())


def _left(round_id: str) -> dict[str, int]:
    with transaction("retention") as connection:
        rows = read_rows(connection, "retention/leftovers.sql", round_id=round_id)
    return {place.what: len(place.files) for place in _places(round_id)} | {row.what: row.left_n for row in rows}


def _is_done(one: RoundRetention, today: date) -> bool:
    """Tell whether nothing is left to do; a key that was not here to be destroyed is asked for until the last day promised."""
    if one.forgotten_at is None:
        return False
    if _folder().destroyed_at(one.round_id) is None and today <= one.deadline.promised_date:
        return False
    _, _, register = retention_of(one.round_id)
    return not any(_left(one.round_id).values()) and all(row.completed_at is not None for row in register)


def _destroy_rows(
    connection: Connection,
    act: _Act,
    what: str | None,
    query: str,
    municipality_code: str | None = None,
    **known: object,
) -> int:
    result = connection.execute(
        load_query(f"retention/{query}.sql"),
        {"round_id": act.round_id, "municipality_code": municipality_code} | known,
    )
    number = int(result.scalar_one()) if result.returns_rows else result.rowcount
    if what is None or not number:
        return 0
    _register(connection, act, what, number, municipality_code, completed_at=clock.now())
    return number


def _begin(connection: Connection, act: _Act, place: _Place) -> None:
    """Write down that files are about to go: after a crash nobody could count them."""
    known = {"round_id": act.round_id, "municipality_code": place.municipality_code, "what": place.what}
    if place.files and connection.execute(load_query("retention/begun.sql"), known).scalar() is None:
        _register(connection, act, place.what, len(place.files), place.municipality_code, completed_at=None)


def _shred(act: _Act, place: _Place, key_destroyed_at: datetime | None = None) -> int:
    shred(place.files, place.folder, passes)
    if key_destroyed_at is not None and act.round_id is not None:
        set_gravestone(_folder().gravestone(act.round_id), key_destroyed_at)
    with transaction("retention") as connection:
        connection.execute(
            load_query("retention/complete.sql"),
            {
                "round_id": act.round_id,
                "municipality_code": place.municipality_code,
                "what": place.what,
                "now": clock.now(),
            },
        )
    return len(place.files)


def _register(
    connection: Connection,
    act: _Act,
    what: str,
    number: int,
    municipality_code: str | None,
    *,
    completed_at: datetime | None,
) -> None:
    connection.execute(
        load_query("retention/register.sql"),
        {
            "round_id": act.round_id,
            "municipality_code": municipality_code,
            "rule": act.rule,
            "what": what,
            "destroyed_n": number,
            "due_date": act.due_date,
            "begun_at": clock.now(),
            "completed_at": completed_at,
            "run_id": act.run_id,
        },
    )
