"""
What a round can bring, through the real stage: municipalities with 0, 1, 4 and 7 answers, a flag that marks one person,
a question whose groups are all too small, questions of a municipality's own, and a round before with other groups.

Cells are withheld by the rules alone. The rounds of attack and repair would take a minute with so many items, and withhold
more of the same: test_bad_rounds_attacked.py runs them with two.
"""

import json
import threading
import uuid
from collections.abc import Collection, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.database import copy_rows
from borgerpuls.errors import NotificationFailed, UnknownFigure
from borgerpuls.estimation import stage as estimation
from borgerpuls.estimation.disclosure import suppress
from borgerpuls.estimation.notices import notices
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.settings import settings
from borgerpuls.weighting import stage as weighting

NOW, BEFORE = "2024-1", "2023-2"
ANSWERS = {"0461": 420, "0707": 260, "0101": 240, "0183": 0, "0727": 1, "0740": 4, "0746": 7}
NAMES = {"0461": "Odense", "0707": "Norddjurs", "0101": "København", "0183": "Ishøj", "0727": "Odder",
         "0740": "Silkeborg", "0746": "Skanderborg"}  # fmt: skip
SCALE = {"type": "scale", "scale": "grad", "text": {"da": "Oplever du én plan?", "en": "Do you experience one plan?"}}
CHOICE = {
    "type": "single",
    "text": {"da": "Har du mødt helhedsteamet?", "en": "Have you met the whole-person team?"},
    "options": [{"code": "ja", "da": "Ja", "en": "Yes"}, {"code": "nej", "da": "Nej", "en": "No"}],
}
OWN = {"0461": [SCALE, CHOICE], "0707": [{**SCALE, "text": {"da": "Bliver du set?", "en": "Are you seen?"}}]}
INSERT_ROUND = text(
    "INSERT INTO rounds.round VALUES (:id, :name, :state, false, NULL, 'drift', now(), :d1, :d2, :d3, :d4, :d5, :d6, :d7,"
    " :version, :version, CAST('{}' AS jsonb), '{digital_post}', 1)"
)


def _round(round_id: str, name: str, state: str, version: str, year: int, month: int) -> dict[str, object]:
    days = [date(year, month, day) for day in (1, 2, 3, 5, 12, 19, 26)]
    return {"id": round_id, "name": name, "state": state, "version": version} | {
        f"d{number}": day for number, day in enumerate(days, start=1)
    }


def _people(rng: np.random.Generator) -> pd.DataFrame:
    codes = np.repeat(list(ANSWERS), [max(3 * n, 40) for n in ANSWERS.values()])
    n = len(codes)
    groups = [group.code for group in load_codebook("2024").target_groups]
    people = pd.DataFrame(
        {
            "round_id": NOW,
            "person_id": [str(uuid.UUID(int=number + 1, version=4)) for number in range(n)],
            "municipality_code": codes,
            "sex": rng.choice(["kvinde", "mand"], n),
            "age_years": 40,
            "age_group": rng.choice(["under_30", "30_49", "50_plus"], n),
            "subgroup": "dagpenge",
            "target_group": rng.choice(groups, n, p=[0.3, 0.3, 0.28, 0.07, 0.05]),
            "benefit_code": "x",
            "spell_start_date": date(2023, 1, 1),
            "has_mobile": True,
        }
    )
    order = people.groupby("municipality_code").cumcount()
    return people.assign(is_respondent=order < people["municipality_code"].map(ANSWERS))


def _answers(rng: np.random.Generator, responses: pd.DataFrame, items: Collection[str]) -> pd.DataFrame:
    codebook = load_codebook("2024")
    rows: list[tuple] = []
    for response in responses.itertuples():
        for category in codebook.categories:
            for item in (one for one in category.items if one in items or not items):
                asked = response.target_group in codebook.item_target_groups.get(item, (response.target_group,))
                score = int(rng.choice([2, 3, 3, 4, 5])) if asked and rng.random() < 0.95 else None
                outcome = "valid" if score else "dont_know" if asked else "not_asked"
                rows.append((NOW, response.response_id, item, outcome, score, None))
        for place, own in enumerate(OWN.get(response.municipality_code, []), start=1):
            score = int(rng.integers(1, 6)) if own["type"] == "scale" else None
            choices = [str(score)] if score else [str(rng.choice(["ja", "nej"]))]
            rows.append((NOW, response.response_id, f"local{place}", "valid", score, choices))
    table = pd.DataFrame(rows, columns=["round_id", "response_id", "item_id", "outcome", "score", "choices"])
    return table.assign(score=table["score"].astype("Int64"))


def _figure_before(code: str, item: str, measure: str, value: float, domain: str = "all", group: str = "") -> dict:
    parts = [BEFORE, code, item, measure, "", domain, group]
    return {
        "figure_id": "|".join(parts), "round_id": BEFORE, "municipality_code": code, "item_id": item, "measure": measure,
        "domain": domain, "domain_group": group, "valid_n": 500, "value": value, "standard_error": 0.04,
        "degrees_of_freedom": 400, "lower": value - 0.08, "upper": value + 0.08, "snapshot_id": "s", "code_version": "1",
    }  # fmt: skip


@pytest.fixture(scope="module")
def told(round_database: EmbeddedPostgres) -> Iterator[dict[str, pd.DataFrame]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            estimation,
            "protect",
            lambda figures, limits, categories, **_: suppress(figures, limits, categories=categories),
        )
        yield run_bad_round()


def run_bad_round(items: Collection[str] = ()) -> dict[str, pd.DataFrame]:
    """Store the round, with answers to *items* (default all), and estimate it; return the tables that are read from."""
    rng = np.random.default_rng(4)
    people = _people(rng)
    answered = people[people["is_respondent"]].reset_index(drop=True)
    in_odense = np.flatnonzero(answered["municipality_code"] == "0461")
    in_norddjurs = np.flatnonzero(answered["municipality_code"] == "0707")
    flags = np.full(len(answered), None, dtype=object)
    flags[in_odense[:120]] = "projekt"
    flags[in_norddjurs[0]] = "forløb"
    responses = answered[["round_id", "municipality_code", "sex", "age_group", "subgroup", "target_group"]].assign(
        response_id=[str(uuid.UUID(int=number + 10**6, version=4)) for number in range(len(answered))],
        revision=1, batch_number=1, status="igangvaerende", duration_group="over_2_aar", local_1=flags,
        completeness="complete", started_date=date(2024, 2, 6), submitted_date=date(2024, 2, 6), duration_minutes=4.0,
    )  # fmt: skip
    before = [
        _figure_before("0461", "overall", "mean", 3.5),
        _figure_before("0461", "moedet", "category_mean", 4.3),
        _figure_before("0461", "maal_og_aktiviteter", "category_mean", 4.3),
        _figure_before("alle", "moedet", "category_mean", 3.5),
        _figure_before("0461", "moedet", "category_mean", 3.5, "target_group", "aktivitetsparat"),
        _figure_before("0461", "moedet", "category_mean", 3.5, "target_group", "dagpenge"),
    ]
    admin = create_engine(settings().require("database_admin_url"))
    with admin.begin() as connection:
        connection.execute(INSERT_ROUND, _round(BEFORE, "2. halvår 2023", "published", "2023", 2023, 8))
        connection.execute(INSERT_ROUND, _round(NOW, "1. halvår 2024", "closed", "2024", 2024, 2))
        for code, name in NAMES.items():
            connection.execute(
                text("INSERT INTO rounds.municipality VALUES (:r, :c, :n)"), {"r": NOW, "c": code, "n": name}
            )
        for code, own in OWN.items():
            connection.execute(
                text("INSERT INTO rounds.local_item VALUES (:r, :c, CAST(:d AS jsonb))"),
                {"r": NOW, "c": code, "d": json.dumps(own)},
            )
        copy_rows(connection, "estimation.figure", pd.DataFrame(before))
        copy_rows(connection, "frame.person", people.drop(columns="is_respondent"))
        sample = people[["round_id", "person_id", "municipality_code"]]
        copy_rows(connection, "sampling.sample", sample.assign(stratum_id="s", selection_probability=1.0))
        disposition = people["is_respondent"].map({True: "1.1", False: "2.2"})
        copy_rows(
            connection, "responses.disposition", people[["round_id", "person_id"]].assign(disposition=disposition)
        )
        copy_rows(connection, "responses.response", responses)
        copy_rows(connection, "responses.answer", _answers(rng, responses, items))
        connection.execute(text("INSERT INTO responses.snapshot VALUES (:r, 'snap', 1, 1, 0, 1)"), {"r": NOW})
    weighting.weight_to_population(NOW)
    estimation.estimate_figures(NOW)
    estimation.check_figures(NOW)
    estimation.raise_alarms(NOW)
    names = ("figure", "notice", "trend_point", "alarm", "merged_cell", "suppression")
    with admin.begin() as connection:
        tables = {
            name: pd.DataFrame(
                connection.execute(text(f"SELECT * FROM estimation.{name} WHERE round_id = :r"), {"r": NOW})
                .mappings()
                .all()
            )
            for name in names
        }
    admin.dispose()
    return tables


def notices_of(told: dict[str, pd.DataFrame], code: str) -> dict[str, str]:
    own = told["notice"][told["notice"]["municipality_code"] == code]
    return dict(zip(own["code"], own["sentence"], strict=True))


def _figure(told: dict[str, pd.DataFrame], figure_id: str) -> pd.Series:
    return told["figure"].set_index("figure_id").loc[f"{NOW}|{figure_id}"]


def test_a_municipality_without_answers_has_no_result_and_a_sentence(told: dict[str, pd.DataFrame]) -> None:
    """Its number, 0, is withheld here to protect its neighbours' 1 and 4: then the sentence must not tell it either."""
    assert _figure(told, "0183|response|answered_n||all|")["is_suppressed"]
    assert list(notices_of(told, "0183")) == ["too_few_answers"]
    own = told["figure"][told["figure"]["municipality_code"] == "0183"]
    assert set(own["item_id"]) <= {"response", "weighting"}


def test_where_it_may_be_told_that_nobody_answered_it_is() -> None:
    row = {"municipality_code": "0183", "item_id": "response", "measure": "answered_n", "domain": "all",
           "domain_group": "", "value": 0.0, "is_suppressed": False}  # fmt: skip
    previous = pd.DataFrame(columns=["municipality_code"])
    said = notices(pd.DataFrame([row]), previous, {"0183": "Ishøj"}, load_codebook("2024"), [], 30)
    assert said.loc[said["municipality_code"] == "0183", "sentence"].tolist() == [
        "Ingen borgere i Ishøj har svaret, og kommunen har derfor ingen resultater i denne runde."
    ]


@pytest.mark.parametrize("code", ["0727", "0740"])
def test_one_or_four_answers_are_too_few_and_nothing_tells_how_few(told: dict[str, pd.DataFrame], code: str) -> None:
    assert notices_of(told, code) == {
        "too_few_answers": f"Resultaterne for {NAMES[code]} vises ikke af hensyn til borgernes anonymitet."
    }
    own = told["figure"][(told["figure"]["municipality_code"] == code)]
    counting = own[own["measure"].isin(["answered_n", "response_rate", "cumulative_rate", "mean", "category_mean"])]
    assert counting["is_suppressed"].all()
    assert counting[["value", "valid_n"]].isna().all(axis=None)
    assert not (told["merged_cell"]["municipality_code"] == code).any()


def test_seven_answers_are_shown_as_uncertain_or_withheld_with_a_sentence(told: dict[str, pd.DataFrame]) -> None:
    notices = notices_of(told, "0746")
    assert {"uncertain_answers", "too_few_answers"} & set(notices)
    shown = told["figure"][
        (told["figure"]["municipality_code"] == "0746")
        & (told["figure"]["measure"] == "mean")
        & ~told["figure"]["is_suppressed"]
    ]
    assert shown["is_uncertain"].all()


def test_a_flag_that_marks_one_person_is_withheld_with_its_counterpart(told: dict[str, pd.DataFrame]) -> None:
    flagged = told["figure"][(told["figure"]["domain"] == "local_1") & (told["figure"]["municipality_code"] == "0707")]
    assert len(flagged) > 0
    assert flagged["is_suppressed"].all()
    assert "flag_withheld" in notices_of(told, "0707")
    # A flag of 120 people is shown.
    assert _figure(told, "0461|overall|mean||local_1|projekt")["valid_n"] > 60
    assert "flag_withheld" not in notices_of(told, "0461")


def test_a_question_whose_groups_are_all_too_small_is_named_with_its_division(told: dict[str, pd.DataFrame]) -> None:
    said = told["notice"]
    withheld = said[said["code"].isin(["all_groups_withheld", "item_withheld"])]
    assert "coop" in set(withheld["item_id"])
    groups = withheld[withheld["code"] == "all_groups_withheld"]
    sentence = "Fordelingen efter {} vises ikke af hensyn til borgernes anonymitet."
    words = {"sex": "køn", "age_group": "alder", "target_group": "målgruppe", "status": "tilknytning",
             "duration": "forløbets varighed"}  # fmt: skip
    assert len(groups) > 0
    assert all(row.sentence == sentence.format(words[row.domain]) for row in groups.itertuples())


def test_a_round_before_with_other_groups_is_compared_only_where_it_counted_alike(
    told: dict[str, pd.DataFrame],
) -> None:
    moedet = _figure(told, "0461|moedet|category_mean||all|")
    assert moedet["difference_to_previous"] == pytest.approx(moedet["value"] - 4.3)
    assert moedet["is_different_from_previous"]
    assert pd.isna(_figure(told, "0461|maal_og_aktiviteter|category_mean||all|")["difference_to_previous"])
    assert "Nogle tal kan ikke sammenlignes med 2. halvår 2023" in notices_of(told, "0461")["other_groups"]
    assert "1 af 6 deltog" in notices_of(told, "alle")["other_participants"]
    assert notices_of(told, "0707")["first_round"] == "Der er ingen tidligere resultater at sammenligne med."
    points = told["trend_point"]
    own = points[(points["municipality_code"] == "0461") & (points["item_id"] == "moedet") & (points["period"] == NOW)]
    broken = own.set_index("domain_group")["is_break_before"]
    assert broken["aktivitetsparat"]
    assert not broken["dagpenge"]
    assert not broken[""]


def test_a_fall_raises_an_alarm_in_danish(told: dict[str, pd.DataFrame]) -> None:
    (alarm,) = told["alarm"].to_dict("records")
    assert (alarm["municipality_code"], alarm["item_id"]) == ("0461", "moedet")
    assert alarm["sentence"].startswith("Mødet med jobcentret er faldet i Odense: fra 4,30 i 2. halvår 2023 til 3,")


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict]]]:
    heard: list[dict] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204 if self.path == "/alarm" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


def test_an_alarm_is_told_to_operations_and_a_receiver_that_refuses_is_named(
    told: dict[str, pd.DataFrame], receiver: tuple[str, list[dict]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, heard = receiver
    for path in ("/alarm", "/broken"):
        monkeypatch.setenv("BORGERPULS_ALERT_WEBHOOK_URL", url + path)
        settings.cache_clear()
        if path == "/alarm":
            assert estimation.tell_alarms(NOW) == {"alarms": 1, "told": 1}
        else:
            with pytest.raises(NotificationFailed, match="not accepted"):
                estimation.tell_alarms(NOW)
    monkeypatch.undo()
    settings.cache_clear()
    assert heard[0]["text"].splitlines() == [
        "Runde 2024-1: 1 temaer er gået den forkerte vej.",
        told["alarm"]["sentence"].iloc[0],
    ]
    assert estimation.tell_alarms(NOW) == {"alarms": 1, "told": 0}


def test_questions_of_a_municipality_s_own_stay_there(told: dict[str, pd.DataFrame]) -> None:
    own = told["figure"][told["figure"]["item_id"].str.fullmatch(r"local\d")]
    assert set(zip(own["municipality_code"], own["item_id"], own["measure"], strict=True)) == {
        *((code, "local1", measure) for code in ("0461", "0707") for measure in ("mean", "share", "top2")),
        ("0461", "local2", "option_share"),
    }
    assert own[["difference_to_rest", "difference_to_previous"]].isna().all(axis=None)
    assert not _figure(told, "0461|local2|option_share|ja|all|")["is_suppressed"]
    assert "Oplever du én plan?" in estimation.explain_figure(f"{NOW}|0461|local1|mean||all|")
    assert "Bliver du set?" in estimation.explain_figure(f"{NOW}|0707|local1|mean||all|")


def test_a_figure_that_was_never_estimated_is_named(told: dict[str, pd.DataFrame]) -> None:
    with pytest.raises(UnknownFigure, match=r"no figure '2024-1\|0183\|overall\|mean"):
        estimation.explain_figure(f"{NOW}|0183|overall|mean||all|")
    assert "forrige periode" not in estimation.explain_figure(f"{NOW}|0461|moedet|category_mean||all|")


def test_a_response_rate_of_a_group_goes_with_either_of_its_counts(told: dict[str, pd.DataFrame]) -> None:
    hidden = told["suppression"]
    hidden = hidden[hidden["item_id"].isin(["response", "sampled"])]
    figures = told["figure"][told["figure"]["measure"] == "response_rate"].set_index(
        ["municipality_code", "domain", "domain_group"]
    )
    keys = hidden[["municipality_code", "domain", "domain_group"]].itertuples(index=False, name=None)
    found = [figures.loc[key, "is_suppressed"] for key in keys if key in figures.index]
    assert found
    assert all(found)


def test_publication_reads_the_same_tables(told: dict[str, pd.DataFrame]) -> None:
    assert set(told["merged_cell"].columns) == {
        "round_id", "municipality_code", "cell_number", "description", "merged_n",
    }  # fmt: skip
    assert (
        not told["trend_point"].loc[told["trend_point"]["is_suppressed"], ["value", "valid_n"]].notna().any(axis=None)
    )
