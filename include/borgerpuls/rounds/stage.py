"""
Open a round, and tell which rounds are under way.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from borgerpuls import clock
from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.database import load_query, transaction
from borgerpuls.errors import RoundIsAlreadyOpen, RoundIsForgotten, UnknownRound
from borgerpuls.rounds.calendar import RoundDates, half_yearly_dates, opening_days
from borgerpuls.rounds.plan import RoundPlan, check_dates_ahead, check_plan
from borgerpuls.vault import vault

DATES = tuple(RoundDates.__dataclass_fields__)
ID_IS_USED = (
    "Et id kan kun bruges én gang. Åbn runden under et andet id, og stop den første, hvis den ikke skal bruges."
)
SCHEDULED_OPENER = "tidsplan"
"""Who opened a round that opened by itself; anybody may approve it."""


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


def open_round(form: Mapping[str, Any], opened_by: str) -> str:
    """
    Open the round that the form describes, and return its id.

    Opening the same plan again changes nothing, also when its days are over.

    The round's key is on disk before the round is in the database: nothing can be sealed that will not open.

    Raises:
        PlanIsRefused: The plan cannot be carried out; every reason is given.
        RoundIsAlreadyOpen: Another plan is open under this id.
        RoundIsForgotten: The round is over and forgotten.
    """
    plan = plan_from_form(form)
    known = municipalities()
    check_plan(plan, frozenset(known["municipality_code"]))
    names = dict(zip(known["municipality_code"], known["name"], strict=True))
    row = plan.as_row() | {
        "sample_rule": json.dumps(plan.sample_rule, sort_keys=True),
        "opened_by": opened_by,
        "opened_at": clock.now(),
    }
    with transaction("rounds") as connection:
        opened = connection.execute(load_query("rounds/forgotten.sql"), {"round_id": plan.round_id}).one_or_none()
        if opened is None:
            check_dates_ahead(plan, clock.today())
            vault().make_round_key(plan.round_id)
        elif opened.forgotten_at is not None:
            raise RoundIsForgotten.since(plan.round_id, opened.forgotten_at)
        connection.execute(load_query("rounds/open_round.sql"), row)
        connection.execute(
            load_query("rounds/add_municipality.sql"),
            [{"round_id": plan.round_id, "code": code, "name": names[code]} for code in plan.municipalities],
        )
        # Opening is "insert unless there": whatever stands there now must be this very plan.
        if not connection.execute(load_query("rounds/is_same_plan.sql"), row).scalar():
            raise RoundIsAlreadyOpen(
                "En runde med dette id er allerede åbnet med en anden plan.",
                where=f"Runde {plan.round_id}",
                next_step=ID_IS_USED,
            )
        found = connection.execute(load_query("rounds/municipality_codes.sql"), {"round_id": plan.round_id}).scalars()
        if tuple(found) != plan.municipalities:
            raise RoundIsAlreadyOpen(
                "Runden er allerede åbnet med andre kommuner.",
                where=f"Runde {plan.round_id}",
                next_step=ID_IS_USED,
            )
    return plan.round_id


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
