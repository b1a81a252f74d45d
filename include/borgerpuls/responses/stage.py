"""
The responses stage: takes the citizens' answers over, checks them, gives everyone an outcome, closes and freezes.

Until a round is frozen every task may run at any time and gives the same rows; afterwards none changes anything.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection, text

from borgerpuls import clock
from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.database import copy_rows, load_query, read_table, transaction
from borgerpuls.errors import (
    DispositionsDoNotSum,
    MunicipalityIsNotInRound,
    OpenAnswerIsUnknown,
    RoundIsForgotten,
    RoundIsStillOpen,
    SnapshotChanged,
    UnknownRound,
)
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.questionnaire.versions import round_instrument
from borgerpuls.responses.collection import item_outcomes, responses_of
from borgerpuls.responses.dispositions import decide
from borgerpuls.responses.expectations import check_responses, checkable, quarantine_reasons, response_rules
from borgerpuls.responses.progress import Expectation, learn, progress
from borgerpuls.responses.scrubbing import scrub
from borgerpuls.vault import vault

_COUNTS = ("response_count", "complete_count", "partial_count", "sampled_count")


def collect(round_id: str) -> dict[str, int]:
    """
    Take new and changed forms as one numbered batch.

    A form is taken when its revision differs from the one collected, so nothing is missed however late it was
    committed, and nothing is taken twice. Answers that their citizen has deleted are removed.

    Returns:
        `collected` forms, `removed` responses, `batch_number` (0: nothing new).

    Raises:
        UnknownRound: No such round.
        RoundIsForgotten: The round's people are forgotten.
        RoundKeyIsMissing: The round's key is not where it should be.
    """
    with transaction("responses") as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        plan = _plan(connection, round_id)
        _refuse_forgotten(plan)
        if plan["is_frozen"]:
            return {"collected": 0, "removed": 0, "batch_number": 0}
        known = {"round_id": round_id}
        removed = connection.execute(load_query("responses/remove_deleted.sql"), known).rowcount
        link_key = vault().round_key(round_id).link_key
        forms = read_table(connection, "responses/changed_forms.sql", **known, link_key=link_key)
        if forms.empty:
            return {"collected": 0, "removed": removed, "batch_number": 0}
        answers = read_table(connection, "responses/changed_answers.sql", **known)
        texts = read_table(connection, "responses/changed_texts.sql", **known)
        instrument = _instrument(connection, plan)
        batch = connection.execute(load_query("responses/next_batch.sql"), known).scalar_one()
        responses = responses_of(
            instrument,
            load_codebook(plan["codebook_version"]),
            forms,
            answers,
            texts=texts,
            close_date=plan["close_date"],
        )
        outcomes = item_outcomes(instrument, forms, answers)
        connection.execute(
            load_query("responses/remove_collected.sql"), {**known, "response_ids": list(forms["response_id"])}
        )
        copy_rows(
            connection,
            "responses.batch",
            pd.DataFrame([{**known, "batch_number": batch, "collected_count": len(forms), "quarantined_count": 0}]),
        )
        copy_rows(connection, "responses.response", responses.assign(round_id=round_id, batch_number=batch))
        copy_rows(connection, "responses.answer", outcomes.assign(round_id=round_id))
        copy_rows(connection, "responses.open_answer", _scrubbed(texts).assign(round_id=round_id))
        return {"collected": len(forms), "removed": removed, "batch_number": batch}


def validate(round_id: str) -> dict[str, int]:
    """
    Check structure, ranges and routing of everything collected; what fails goes to quarantine with its reason.

    Speeders and straight-liners are counted as warnings only. A response that a person has released stays out of
    quarantine until its citizen changes it.

    Returns:
        `checked` responses, `quarantined`, `released`, `warnings`.

    Raises:
        UnknownRound: No such round.
        RoundIsForgotten: The round's people are forgotten.
        ExpectationDidNotRun: A rule could not be checked; nothing was written.
    """
    with transaction("responses") as connection:
        plan = _plan(connection, round_id)
        _refuse_forgotten(plan)
        known = {"round_id": round_id}
        responses = read_table(connection, "responses/responses.sql", **known)
        if plan["is_frozen"] or responses.empty:
            return {
                "checked": 0 if responses.empty else len(responses),
                "quarantined": 0 if responses.empty else int(responses["is_quarantined"].sum()),
                "released": 0,
                "warnings": 0,
            }
        instrument = _instrument(connection, plan)
        municipalities = read_table(connection, "responses/municipalities.sql", **known)["municipality_code"]
        rules = response_rules(instrument, load_codebook(plan["codebook_version"]), list(municipalities))
        answers = read_table(connection, "responses/answers.sql", **known)
        table = checkable(instrument, responses, answers, invitation_date=plan["invitation_date"])
        checked = check_responses(table, rules)

        releases = read_table(connection, "responses/releases.sql", **known)
        as_it_was = responses.merge(releases, on=["response_id", "revision"])["response_id"].astype(str)
        reasons = quarantine_reasons(checked.findings, rules)
        kept = reasons[~reasons.index.isin(as_it_was)]
        connection.execute(load_query("responses/forget_results.sql"), known)
        copy_rows(connection, "responses.expectation_result", checked.results.assign(round_id=round_id))
        connection.execute(
            load_query("responses/set_quarantine.sql"),
            {**known, "response_ids": list(kept.index), "reasons": list(kept)},
        )
        connection.execute(load_query("responses/count_quarantined.sql"), known)
        warnings = checked.results.loc[checked.results["suite"] == "warning", "unexpected_count"]
        return {
            "checked": len(responses),
            "quarantined": len(kept),
            "released": len(reasons) - len(kept),
            "warnings": int(warnings.sum()),
        }


def decide_dispositions(round_id: str) -> dict[str, int]:
    """
    Give every sampled person an outcome (AAPOR); the outcomes sum to the sample.

    Returns:
        Persons by disposition, and `sampled`.

    Raises:
        UnknownRound: No such round.
        RoundIsForgotten: The round's people are forgotten.
        RoundKeyIsMissing: The round's key is not where it should be.
        DispositionsDoNotSum: Not exactly one outcome per sampled person; nothing was written.
    """
    with transaction("responses") as connection:
        plan = _plan(connection, round_id)
        known = {"round_id": round_id}
        _refuse_forgotten(plan)
        link_key = vault().round_key(round_id).link_key
        people = read_table(connection, "responses/sampled_people.sql", **known, link_key=link_key)
        sampled = connection.execute(load_query("responses/sample_size.sql"), known).scalar_one()
        if len(people) != sampled or people["person_id"].duplicated().any():
            raise DispositionsDoNotSum(
                f"{len(people)} outcomes for {sampled} sampled persons.",
                where=round_id,
                next_step="See whether link.access or fieldwork.opt_out has a person twice.",
            )
        decided = decide(people)
        if not plan["is_frozen"]:
            connection.execute(load_query("responses/forget_dispositions.sql"), known)
            copy_rows(
                connection,
                "responses.disposition",
                pd.DataFrame({"person_id": people["person_id"], "disposition": decided}).assign(round_id=round_id),
            )
        counts = {str(code): int(count) for code, count in decided.value_counts().sort_index().items()}
        return {**counts, "sampled": int(sampled)}


def rounds_due_to_close() -> list[str]:
    """Return the ids of the rounds whose last day is over, and of those that were closed but not yet frozen."""
    today = clock.today()
    with transaction("responses") as connection:
        return list(read_table(connection, "responses/due_to_close.sql", today=today)["round_id"])


def close_and_freeze(round_id: str) -> dict[str, int]:
    """
    Close the round to answers, take the last ones, and freeze the snapshot everything after is computed from.

    Run again it finds the round frozen, proves that the answers still are those of the snapshot, and changes nothing.

    Returns:
        `response_count`, `complete_count`, `partial_count`, `sampled_count` of the snapshot.

    Raises:
        RoundIsStillOpen: The last day is not over.
        RoundIsForgotten: The round's people are forgotten.
        RoundKeyIsMissing: The round's key is not where it should be.
        SnapshotChanged: The answers are no longer those of the snapshot, or one arrived after the last collection.
    """
    close_round_if_due(round_id)
    collect(round_id)
    validate(round_id)
    decide_dispositions(round_id)
    return freeze_snapshot(round_id)


def close_round_if_due(round_id: str) -> bool:
    """Close the round to answers when its last day is over, and return whether it is closed."""
    today = clock.today()
    with transaction("responses") as connection:
        plan = _plan(connection, round_id)
        if plan["state"] in {"closed", "published"}:
            return True
        if today <= plan["close_date"]:
            return False
        connection.execute(load_query("responses/close_round.sql"), {"round_id": round_id})
        return True


def freeze_snapshot(round_id: str) -> dict[str, int]:
    """
    Freeze the answers of a closed round; a round that is frozen already is proven unchanged.

    Raises:
        RoundIsStillOpen: The round is not closed.
        RoundIsForgotten: The round's people are forgotten.
        SnapshotChanged: See `close_and_freeze`.
    """
    with transaction("responses") as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        plan = _plan(connection, round_id)
        _refuse_forgotten(plan)
        if plan["state"] not in {"closed", "published"}:
            raise RoundIsStillOpen(
                f"Round {round_id} takes answers until {plan['close_date']}.",
                next_step="Wait until the day after, or close the round.",
            )
        known = {"round_id": round_id}
        now = connection.execute(load_query("responses/snapshot_hash.sql"), known).mappings().one()
        if plan["is_frozen"]:
            frozen = connection.execute(load_query("responses/snapshot.sql"), known).mappings().one()
            if frozen["snapshot_id"] != now["snapshot_id"]:
                raise SnapshotChanged(
                    f"The answers of round {round_id} are not those that were frozen.",
                    next_step="Nothing after this may run. Restore the schema `responses` from before the change.",
                )
            return {name: int(frozen[name]) for name in _COUNTS}
        left = connection.execute(load_query("responses/uncollected_forms.sql"), known).scalar_one()
        if left:
            raise SnapshotChanged(
                f"{left} forms changed after they were collected.", where=round_id, next_step="Clear this task."
            )
        connection.execute(load_query("responses/keep_snapshot.sql"), {**known, **now})
        return {name: int(now[name]) for name in _COUNTS}


def release(round_id: str, response_id: str, *, released_by: str, reason: str) -> None:
    """
    Let one response out of quarantine, as it is now; the next check leaves it out.

    Raises:
        SnapshotChanged: The round is frozen.
        RoundIsForgotten: The round's people are forgotten.
        UnknownRound: No such round, or no such response in quarantine.
    """
    with transaction("responses") as connection:
        plan = _plan(connection, round_id)
        _refuse_forgotten(plan)
        if plan["is_frozen"]:
            raise SnapshotChanged(f"Round {round_id} is frozen; what is in quarantine stays there.")
        released = connection.execute(
            load_query("responses/release.sql"),
            {"round_id": round_id, "response_id": response_id, "released_by": released_by, "reason": reason},
        ).rowcount
        if not released:
            raise UnknownRound(
                f"Round {round_id} has no such response in quarantine.",
                next_step=f"Look with `borgerpuls responses quarantine {round_id}`.",
            )
    validate(round_id)


def quarantined(round_id: str) -> pd.DataFrame:
    """
    Return the responses in quarantine: `response_id`, `municipality_name`, `quarantine_reason`.

    Raises:
        UnknownRound: No such round.
        RoundIsForgotten: The round's people are forgotten.
    """
    with transaction("responses") as connection:
        _refuse_forgotten(_plan(connection, round_id))
        return read_table(connection, "responses/quarantined.sql", round_id=round_id)


def response_progress(round_id: str, municipality_code: str | None = None) -> tuple[pd.DataFrame, str]:
    """
    Return the response rate day by day per municipality and target group beside its expected curve, and whence the curve is.

    Counts what has been collected so far; see `progress.progress` for the columns, to which `municipality_name` and
    `target_group_name` are added.

    Args:
        round_id: The round.
        municipality_code: Only this municipality; default all.

    Raises:
        UnknownRound: No such round.
        MunicipalityIsNotInRound: The municipality does not take part in it.
    """
    with transaction("responses") as connection:
        plan = _plan(connection, round_id)
        _refuse_stranger(connection, round_id, municipality_code)
        letters, close_date, before = _field_dates(connection, round_id)
        expectation = Expectation()
        if before:
            earlier_letters, earlier_close, _ = _field_dates(connection, before)
            expectation = learn(before, *_sampled_and_answered(connection, before), earlier_letters, earlier_close)
        sampled, answered = _sampled_and_answered(connection, round_id)
    table = progress(sampled, answered, expectation, letter_dates=letters, close_date=close_date, today=clock.today())
    names = {each.code: each.name for each in load_codebook(plan["codebook_version"]).target_groups}
    table = _only(table, municipality_code)
    return table.assign(target_group_name=table["target_group"].map(names)), expectation.source


def _field_dates(connection: Connection, round_id: str) -> tuple[list[date], date, str | None]:
    row = connection.execute(load_query("responses/field_dates.sql"), {"round_id": round_id}).one()
    return [row.invitation_date, row.reminder_1_date, row.reminder_2_date], row.close_date, row.round_before


def _sampled_and_answered(connection: Connection, round_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    return (
        read_table(connection, "responses/sampled_by_group.sql", round_id=round_id),
        read_table(connection, "responses/answered_by_day.sql", round_id=round_id),
    )


def open_answers(round_id: str, municipality_code: str | None = None) -> pd.DataFrame:
    """
    Return the scrubbed open answers of a frozen round, for a person to read.

    Args:
        round_id: The round.
        municipality_code: Only this municipality's; default all.

    Returns:
        One row per text: `reference` (twelve characters, says nothing of the citizen), `municipality_code`,
        `municipality_name`, `item_id`, `scrubbed_text`, `writer_count` (citizens of the municipality who wrote to the
        item), `decision` (`approved`, `declined` or missing), `decided_by`, `decided_at`.

    Raises:
        UnknownRound: No such round.
        MunicipalityIsNotInRound: The municipality does not take part in it.
        RoundIsStillOpen: Answers can still change or be deleted.
        RoundIsForgotten: The round's people are forgotten.
    """
    with transaction("responses") as connection:
        _refuse_unfrozen(_plan(connection, round_id))
        _refuse_stranger(connection, round_id, municipality_code)
        return _only(read_table(connection, "responses/open_answers.sql", round_id=round_id), municipality_code)


def decide_open_answers(round_id: str, references: Sequence[str], *, is_approved: bool, decided_by: str) -> None:
    """
    Write down that somebody has read texts and approves or declines their publication; the last decision counts.

    Raises:
        UnknownRound: No such round.
        RoundIsStillOpen: Answers can still change or be deleted.
        RoundIsForgotten: The round's people are forgotten.
        OpenAnswerIsUnknown: A reference is no text of the round; nothing was decided.
    """
    decided = {
        "round_id": round_id,
        "decision": "approved" if is_approved else "declined",
        "decided_by": decided_by,
        "decided_at": clock.now(),
    }
    with transaction("responses") as connection:
        _refuse_unfrozen(_plan(connection, round_id))
        for reference in references:
            done = connection.execute(
                load_query("responses/decide_open_answer.sql"), {**decided, "reference": reference}
            ).rowcount
            if not done:
                raise OpenAnswerIsUnknown(
                    f"Round {round_id} has no open answer {reference!r}; nothing was decided.",
                    next_step=f"See `borgerpuls responses open-answers list {round_id}`.",
                )


def _refuse_forgotten(plan: dict[str, Any]) -> None:
    if plan["forgotten_at"] is not None:
        raise RoundIsForgotten.since(plan["round_id"], plan["forgotten_at"])


def _refuse_unfrozen(plan: dict[str, Any]) -> None:
    _refuse_forgotten(plan)
    if not plan["is_frozen"]:
        raise RoundIsStillOpen(
            f"The answers of round {plan['round_id']} can still change.",
            next_step="Read the open answers when the round is frozen.",
        )


def _plan(connection: Connection, round_id: str) -> dict[str, Any]:
    row = connection.execute(load_query("responses/round.sql"), {"round_id": round_id}).mappings().first()
    if row is None:
        raise UnknownRound.named(round_id)
    return dict(row)


def _refuse_stranger(connection: Connection, round_id: str, municipality_code: str | None) -> None:
    taking_part = read_table(connection, "responses/municipalities.sql", round_id=round_id)["municipality_code"]
    if municipality_code is not None and municipality_code not in set(taking_part):
        raise MunicipalityIsNotInRound.named(municipality_code, round_id)


def _only(table: pd.DataFrame, municipality_code: str | None) -> pd.DataFrame:
    return table if municipality_code is None else table[table["municipality_code"] == municipality_code]


def _instrument(connection: Connection, plan: dict[str, Any]) -> Instrument:
    own = read_table(connection, "responses/local_items.sql", round_id=plan["round_id"])
    return round_instrument(plan["questionnaire_version"], dict(zip(own.iloc[:, 0], own.iloc[:, 1], strict=True)))


def _scrubbed(texts: pd.DataFrame) -> pd.DataFrame:
    """Return the open answers without what shows who somebody is."""
    scrubbed = [scrub(written) for written in texts["answer_text"]]
    return pd.DataFrame(
        {
            "response_id": texts["response_id"],
            "item_id": texts["item_id"],
            "scrubbed_text": [each for each, _ in scrubbed],
            "removed_count": [count for _, count in scrubbed],
        }
    )
