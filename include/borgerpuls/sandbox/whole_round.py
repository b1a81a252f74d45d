"""
A whole round in memory: country, sample, answers, weights and figures, without databases, messages or a browser.

For what is studied over many rounds: the replica of the pilot and the cost of disclosure control. What happens to the
answers on the way is what the stages do, by the same methods.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from borgerpuls.codebooks.codebook import Codebook, load_codebook
from borgerpuls.estimation import figures as figure_methods
from borgerpuls.estimation.round_figures import RoundTables, round_figures
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.questionnaire.versions import load_instrument
from borgerpuls.responses.collection import item_outcomes, responses_of
from borgerpuls.sampling.selection import draw_sample
from borgerpuls.sandbox.citizens import AnswerPlan, answer_plan
from borgerpuls.sandbox.country import Country, CountryKind, make_country
from borgerpuls.sandbox.propensity import is_reachable, sample_sizes
from borgerpuls.terms import ALL_PARTICIPATING, Completeness
from borgerpuls.weighting.cells import RAW_CELL, Collapse, collapse_cells, weight_to_population
from borgerpuls.weighting.coding import number_codes
from borgerpuls.weighting.raking import weight_summary

VERSION = "2023"
DAYS_BETWEEN_WAVES = 7


@dataclass(frozen=True)
class WholeRound:
    """
    One round of the sandbox.

    Attributes:
        country: The country.
        people: One row per citizen of the population, as `response_figures` wants them.
        responses: One row per answer that counts, as `responses.response`, and the `wave` it came after.
        answers: One row per answer and item, as `responses.answer`.
        collapse: The weighting cells.
        weights: `id` (the response), `weight`, `muni`, as `weight_to_population` gives them.
        arrivals: `municipality_code`, `day`, `minutes` (complete ones) of every answer that counts.
    """

    country: Country
    people: pd.DataFrame
    responses: pd.DataFrame
    answers: pd.DataFrame
    collapse: Collapse
    weights: pd.DataFrame
    arrivals: pd.DataFrame

    @property
    def codebook(self) -> Codebook:
        """The codebook of the round."""
        return load_codebook(VERSION)

    @property
    def instrument(self) -> Instrument:
        """The questionnaire of the round."""
        return load_instrument(VERSION)

    @property
    def municipality_codes(self) -> list[str]:
        """The municipalities in the order of their numbers."""
        return sorted(self.people["municipality_code"].unique())

    @cached_property
    def survey(self) -> figure_methods.Survey:
        """The round, ready to estimate."""
        return figure_methods.prepare_survey(
            self.responses, self.answers, self.collapse, self.municipality_codes, self.codebook, self.instrument
        )

    @property
    def tables(self) -> RoundTables:
        """What the figures are made of."""
        codes = self.municipality_codes
        weights = self.weights.assign(municipality_code=[codes[muni] for muni in self.weights["muni"]])
        summary = weight_summary(self.weights)
        summary["municipality_code"] = [ALL_PARTICIPATING if muni < 0 else codes[muni] for muni in summary["muni"]]
        dates = self.country.dates
        return RoundTables(
            survey=self.survey,
            people=self.people,
            arrivals=self.arrivals,
            cells=self._cells(),
            weights=weights,
            diagnostics=summary,
            field_days=(dates.close_date - dates.invitation_date).days,
        )

    def figures(self) -> pd.DataFrame:
        """Return every figure of the round, nothing withheld yet."""
        return round_figures(self.tables)

    def _cells(self) -> pd.DataFrame:
        """Return the weighting cells by their codes, as the weighting stage writes them."""
        cells, codebook = self.collapse.cells, self.codebook
        orders = {
            "municipality_code": ("muni", self.municipality_codes),
            "sex": ("sex", list(codebook.labels("sex"))),
            "age_group": ("age", list(codebook.labels("age_group"))),
            "target_group": ("tg", list(codebook.labels("target_group"))),
        }
        named = {name: [order[place] for place in cells[column]] for name, (column, order) in orders.items()}
        cell_id = cells["cell"].astype("str").where(cells["outcome"] == "")
        return pd.DataFrame(named | {"population_n": cells["N"], "respondent_n": cells["r"], "cell_id": cell_id})


def make_round(seed: int, kind: CountryKind = "pilot", *, is_spread: bool = True) -> WholeRound:
    """
    Return the round of *seed*: the same seed gives the same round, to the last digit.

    Args:
        seed: Of the country, the sample and the answers.
        kind: `pilot`: 13 municipalities; `all`: 98.
        is_spread: See `answer_plan`.
    """
    country = make_country(seed, kind)
    citizens = country.citizens.reset_index()
    frame = citizens.rename(columns={"citizen_id": "person_id", "municipality_code": "municipality"})
    drawn = draw_sample(
        frame[["person_id", "municipality", "sex", "age_group", "target_group"]], sample_sizes(country), seed=seed
    ).sample
    instrument = load_instrument(VERSION)
    items = [item.item_id for item in instrument.items]
    sample = pd.DataFrame({"person_id": drawn["person_id"], "citizen_id": drawn["person_id"]})
    plan = answer_plan(country, sample, items, seed, is_spread=is_spread)
    responses = _responses(country, plan, instrument)
    counted = responses[responses["completeness"] != Completeness.NONE].reset_index(drop=True)
    given = plan.answers.rename(columns={"person_id": "response_id"})
    given = given[given["response_id"].isin(counted["response_id"])]
    answers = item_outcomes(instrument, counted, given)
    codebook = load_codebook(VERSION)
    codes = sorted(citizens["municipality_code"].unique())
    population = number_codes(citizens, codebook, codes).groupby(RAW_CELL).size().rename("N").reset_index()
    numbered = number_codes(counted, codebook, codes).rename(columns={"response_id": "id"})
    collapse = collapse_cells(population, numbered, order=codebook.collapse_numbers)
    visits = plan.visits.set_index("person_id")
    day = visits["day_offset"].reindex(counted["response_id"]).to_numpy()
    arrivals = pd.DataFrame(
        {
            "municipality_code": counted["municipality_code"],
            "day": day,
            "minutes": counted["duration_minutes"].where(counted["completeness"] == Completeness.COMPLETE),
        }
    )
    counted["wave"] = (1 + (day // DAYS_BETWEEN_WAVES).clip(0, 2)).astype("int64").astype("str")
    return WholeRound(
        country=country,
        people=_people(country, sample, counted),
        responses=counted,
        answers=answers,
        collapse=collapse,
        weights=weight_to_population(numbered, collapse),
        arrivals=arrivals,
    )


def _responses(country: Country, plan: AnswerPlan, instrument: Instrument) -> pd.DataFrame:
    """Return the forms as the questionnaire would leave them, judged as the collection judges them."""
    visits = plan.visits
    people = country.citizens.loc[visits["person_id"].astype("int64")].reset_index(drop=True)
    day = pd.to_datetime(country.dates.invitation_date) + pd.to_timedelta(visits["day_offset"], unit="D")
    forms = pd.DataFrame(
        {
            "response_id": visits["person_id"],
            "revision": 1,
            **{name: people[name] for name in ("municipality_code", "sex", "age_group", "subgroup", "target_group")},
            "spell_start_date": people["spell_start_date"],
            "local_1": None,
            "local_2": None,
            "local_3": None,
            "state": np.where(visits["is_complete"], "completed", "open"),
            "started_date": day.dt.date,
            "completed_date": day.dt.date.where(visits["is_complete"]),
            "last_saved_date": day.dt.date,
            "duration_seconds": visits["minutes"] * 60,
            "page_count": None,  # no pages are sent here
            "device_class": visits["device_class"],
        }
    )
    answers = plan.answers.rename(columns={"person_id": "response_id"})
    texts = plan.texts.rename(columns={"person_id": "response_id"})
    close = country.dates.close_date
    return responses_of(instrument, load_codebook(VERSION), forms, answers, texts=texts, close_date=close)


def _people(country: Country, sample: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
    """Return the population with what became of everybody."""
    outcome = responses.set_index("response_id")["completeness"]
    found = outcome.reindex(country.citizens.index)
    sampled = country.citizens.index.isin(sample["citizen_id"])
    return country.citizens[["municipality_code", "target_group", "sex", "age_group", "subgroup"]].assign(
        language=np.where(country.citizens["language"] == "da", "dansk", "andet"),
        mobile=np.where(country.citizens["has_mobile"], "ja", "nej"),
        is_sampled=sampled,
        is_reachable=sampled & is_reachable(country.citizens).to_numpy(),
        is_complete=(found == Completeness.COMPLETE).to_numpy(),
        is_partial=(found == Completeness.PARTIAL).to_numpy(),
    ).reset_index(drop=True)  # fmt: skip
