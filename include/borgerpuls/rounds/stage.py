"""
Open a round, and tell which rounds are under way.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row

from borgerpuls import clock
from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.database import load_query, transaction
from borgerpuls.errors import RoundIsAlreadyOpen, RoundIsForgotten, RoundKeyIsMissing, UnknownRound
from borgerpuls.rounds.calendar import RoundDates, half_yearly_dates, opening_days
from borgerpuls.rounds.plan import RoundPlan, check_dates_ahead, check_plan
from borgerpuls.settings import settings
from borgerpuls.terms import RoundState
from borgerpuls.vault import vault

DATES = tuple(RoundDates.__dataclass_fields__)
REPLACE_IT = "Skal denne plan gælde i stedet, så sæt kryds ved »Erstat planen« og kør igen; det kan gøres, til runden er godkendt."
ID_IS_USED = "Den er godkendt, og id'et kan ikke bruges igen: åbn runden under et andet id."
SCHEDULED_OPENER = "tidsplan"
"""Who opened a round that opened by itself; anybody may approve it."""


class Opening(NamedTuple):
    """What became of a form: the round's id, whether the stages after it must hear of it, and a sentence about it."""

    round_id: str
    is_news: bool
    said: str


def plan_from_form(form: Mapping[str, Any]) -> RoundPlan:
    """
    Return the plan that the form describes; what is left empty follows the half-yearly standard.

    Args:
        form: The DAG run's params. Dates are ISO texts or None.
    """
    round_id = form.get("round_id") or _round_opening_now()
    standard = half_yearly_dates(round_id)
    dates = RoundDates(**{name: date.fromisoformat(form[name]) if form.get(name) else getattr(standard, name)
                          for name in DATES})  # fmt: skip
    year, half = round_id.split("-")
    return RoundPlan(
        round_id=round_id,
        name=form.get("name") or f"{half}. halvår {year}",
        municipalities=tuple(sorted({_code(choice) for choice in form["municipalities"]})),
        dates=dates,
        sample_rule=_sample_rule(form),
        questionnaire_version=form["questionnaire_version"],
        codebook_version=form["codebook_version"],
        channels=tuple(form["channels"]),
        seed=int(form["seed"]),
    )


def open_round(form: Mapping[str, Any], opened_by: str, run_id: str) -> Opening:
    """
    Open the round that the form describes.

    Opening the same plan again changes nothing and is no news, also when its days are over; a run that opened the round
    and is run again is (it may not have announced it). Until somebody has approved the round, the form may say that
    its plan replaces the one that stands (`replace_plan`), also where the round was stopped. Every plan is kept in
    `rounds.opening`, and what the approver was shown of the one before can be approved no more.

    The round's key is on disk before the round is in the database: nothing can be sealed that will not open.

    Args:
        form: The DAG run's params.
        opened_by: Who opens; may not approve.
        run_id: The DAG run.

    Raises:
        PlanIsRefused: The plan cannot be carried out; every reason is given.
        RoundIsAlreadyOpen: Another plan stands under this id, or the round is stopped.
        RoundIsForgotten: The round is over and forgotten.
    """
    plan = plan_from_form(form)
    known = municipalities()
    check_plan(plan, frozenset(known["municipality_code"]))
    names = dict(zip(known["municipality_code"], known["name"], strict=True))
    now = clock.now()
    row = plan.as_row() | {
        "sample_rule": json.dumps(plan.sample_rule, sort_keys=True),
        "municipalities": list(plan.municipalities),
        "opened_by": opened_by,
        "opened_at": now,
        "run_id": run_id,
        "plan": json.dumps(plan.as_row() | {"municipalities": plan.municipalities}, default=str, sort_keys=True),
    }
    with transaction("rounds") as connection:
        connection.execute(load_query("rounds/hold_round.sql"), row)
        standing = connection.execute(load_query("rounds/standing.sql"), row).one_or_none()
        if standing is not None and standing.forgotten_at is not None:
            raise RoundIsForgotten.since(plan.round_id, standing.forgotten_at)
        if standing is not None and _is_nothing_new(standing):
            return Opening(plan.round_id, is_news=standing.is_of_this_run, said=_is_open(plan, standing))
        if standing is not None and not (form.get("replace_plan") and standing.is_replaceable):
            raise _is_taken(plan, standing)
        if standing is not None and standing.is_of_this_run:
            raise RoundIsAlreadyOpen(
                "Kørslens plan er siden erstattet af en anden.",
                where=f"Runde {plan.round_id}",
                next_step="Er den alligevel den rigtige, så start en ny kørsel med den.",
            )
        check_dates_ahead(plan, clock.today())
        if standing is None:
            _make_key(plan.round_id)
        connection.execute(load_query(f"rounds/{'open_round' if standing is None else 'replace_plan'}.sql"), row)
        connection.execute(load_query("rounds/leave_out_municipalities.sql"), row)
        connection.execute(
            load_query("rounds/add_municipality.sql"),
            [{"round_id": plan.round_id, "code": code, "name": names[code]} for code in plan.municipalities],
        )
        connection.execute(load_query("rounds/forget_dry_run.sql"), row)
        connection.execute(load_query("rounds/keep_opening.sql"), row)
    return Opening(plan.round_id, is_news=True, said="Runden er åbnet.")


def _make_key(round_id: str) -> None:
    """Make the key of a round, but no new one beside a journal of what was sent with another: all would get it again."""
    try:
        vault().round_key(round_id)
    except RoundKeyIsMissing:
        journal = settings().journal_place() / round_id
        if any(path.stat().st_size for path in journal.glob("*") if path.is_file()):
            raise RoundKeyIsMissing.of_what_was_sent(round_id) from None
    vault().make_round_key(round_id)


def municipality_codes(round_id: str) -> list[str]:
    """Return the codes of the municipalities that take part."""
    with transaction("rounds") as connection:
        codes = list(connection.execute(load_query("rounds/municipality_codes.sql"), {"round_id": round_id}).scalars())
    if not codes:
        raise UnknownRound.named(round_id)
    return codes


def municipality_names(round_id: str) -> dict[str, str]:
    """Return the names of the municipalities that take part, by code."""
    with transaction("rounds") as connection:
        rows = connection.execute(load_query("rounds/municipality_names.sql"), {"round_id": round_id})
        return {row.municipality_code: row.municipality_name for row in rows}


def rounds_in_state(*states: str) -> list[str]:
    """Return the ids of the rounds in any of *states*, oldest first."""
    with transaction("rounds") as connection:
        return list(connection.execute(load_query("rounds/in_state.sql"), {"states": list(states)}).scalars())


def _is_nothing_new(standing: Row[Any]) -> bool:
    """Tell whether the plan stands there already; of a stopped round only for the run that opened it."""
    return bool(standing.is_same_plan and (standing.is_of_this_run or standing.state != RoundState.STOPPED))


def _is_open(plan: RoundPlan, standing: Row[Any]) -> str:
    opened_at = standing.opened_at.astimezone(clock.COPENHAGEN)
    return (
        f"Runde {plan.round_id} er allerede åbnet med netop denne plan, af {standing.opened_by} den {opened_at:%d-%m-%Y}. "
        "Intet er ændret, og ingen bliver bedt om at godkende igen."
    )


def _is_taken(plan: RoundPlan, standing: Row[Any]) -> RoundIsAlreadyOpen:
    return RoundIsAlreadyOpen(
        "Runden er stoppet." if standing.is_same_plan else "En runde med dette id er allerede åbnet med en anden plan.",
        where=f"Runde {plan.round_id}",
        next_step=REPLACE_IT if standing.is_replaceable else ID_IS_USED,
    )


def _round_opening_now() -> str:
    today = clock.today()
    latest = None
    for opening, round_id in opening_days(date(today.year - 1, 12, 31)):
        if opening > today:
            break
        latest = round_id
    if latest is None:  # pragma: no cover - the year before always has opened rounds
        raise UnknownRound("Ingen halvårsrunde åbner i dag.", next_step="Skriv rundens id i formularen.")
    return latest


def _sample_rule(form: Mapping[str, Any]) -> dict[str, Any]:
    rule = form["sample_rule"]
    if rule == "between":
        return {
            "rule": rule,
            "minimum": form["sample_minimum"],
            "maximum": form["sample_maximum"],
            "total": form["sample_total"],
        }
    if rule == "precision":
        return {"rule": rule, "margin": form["margin"], "expected_response": form["expected_response"]}
    if rule == "sizes":
        return {"rule": rule, "sizes": dict(form.get("sample_sizes") or {})}
    return {"rule": rule}


def _code(choice: str) -> str:
    """Return the code of a form choice, which may read '0461 Odense'."""
    return choice.split(" ", 1)[0]
