"""
A plausible round of figures without the stages before: for the reports' tests and for looking at pages.

Shares follow a latent normal; n < 5 is suppressed, the next smallest complementary, 5-29 is uncertain. Numbers are
invented and consistent only as far as the reports need.
"""

from datetime import date
from functools import cache
from math import erf, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.questionnaire.versions import load_instrument, read_local_items
from borgerpuls.reporting import numbers
from borgerpuls.reporting.figures import FigureSet, MergedCell, Notice, TrendPoint, figure_set
from borgerpuls.reporting.report_data import EarlierRound, ReportData, RoundFacts

PILOT = {
    "0430": "Faaborg-Midtfyn", "0159": "Gladsaxe", "0376": "Guldborgsund", "0169": "Høje-Taastrup", "0183": "Ishøj",
    "0846": "Mariagerfjord", "0727": "Odder", "0461": "Odense", "0740": "Silkeborg", "0706": "Syddjurs",
    "0185": "Tårnby", "0630": "Vejle", "0851": "Aalborg",
}  # fmt: skip
MEANS = {
    "trust": 3.69, "situation": 3.57, "listen": 3.63, "goal": 3.47, "coherence": 3.19, "coop": 2.91, "purpose": 3.86,
    "prepared": 3.92, "info": 3.78, "plan": 3.86, "jobs": 2.80, "closer": 2.82, "belief": 2.91, "overall": 3.53,
}  # fmt: skip
SHARES = {
    "target_group": {"dagpenge": 0.278, "sygedagpenge": 0.266, "job_uddannelsesparat": 0.133, "aktivitetsparat": 0.323,
                     "jobafklaring": 0.06},
    "duration": {"under_26_uger": 0.15, "26_52_uger": 0.22, "1_2_aar": 0.15, "over_2_aar": 0.2},
    "status": {"igangvaerende": 0.7, "afsluttet": 0.3},
    "sex": {"kvinde": 0.6, "mand": 0.4},
    "age_group": {"under_30": 0.13, "30_49": 0.41, "50_plus": 0.46},
}  # fmt: skip
CONTACT = {
    "kun_jobcentret": 0.636, "socialafdelingen": 0.198, "boerne_og_familieafdelingen": 0.078,
    "sundheds_og_omsorgsafdelingen": 0.079, "andre": 0.091,
}  # fmt: skip


BESIDE: dict[str, Any] = {
    "merged_cells": tuple(
        MergedCell("0740", f"Mænd, under 30 år: aktivitetsparate og job- og uddannelsesparate ({place})", 2)
        for place in range(18)
    ),
    "open_answers": (
        *(("why", f"Jeg blev mødt med respekt, men der gik lang tid mellem samtalerne, nummer {place}.") for place in range(70)),
        *(("better", "Færre skift af sagsbehandler, og svar på mail inden for en uge.") for _ in range(12)),
    ),
    "notices": (Notice("", "", "first_round", "Der er ingen tidligere runde for kommunen."),
                Notice("coop", "target_group", "all_groups_withheld", "Ingen målgruppe kan vises på dette spørgsmål.")),
    "local_items": tuple(read_local_items(
        {"0740": [{"type": "scale", "scale": "grad", "text": {"da": "I hvilken grad er åbningstiden passende?", "en": "Opening hours?"}}]},
        load_instrument("2024"))["0740"]),
}  # fmt: skip


def facts(round_id: str = "2023-2", codebook: str = "2023") -> RoundFacts:
    return RoundFacts(
        round_id, date(2023, 4, 1), date(2023, 6, 30), date(2023, 8, 1), date(2023, 8, 22), date(2023, 8, 29),
        date(2023, 9, 5), date(2023, 9, 18), codebook, "2023", ("digital_post", "sms"),
    )  # fmt: skip


class _Rows:
    def __init__(self, round_id: str) -> None:
        self.round_id = round_id
        self.rows: list[dict[str, Any]] = []

    def add(self, code: str, item: str, measure: str, value: float | None, **more: Any) -> None:
        row: dict[str, Any] = {
            "round_id": self.round_id, "municipality_code": code, "item_id": item, "measure": measure, "category": "",
            "domain": "all", "domain_group": "", "valid_n": None, "dont_know_n": None, "not_asked_n": None,
            "broken_off_n": None, "weighted_base": None, "value": value, "standard_error": None, "lower": None,
            "upper": None, "no_interval_reason": None, "difference_to_all": None, "difference_to_all_se": None,
            "difference_to_rest": None, "difference_to_rest_se": None, "difference_to_rest_p": None,
            "is_different_from_rest": False, "difference_to_previous": None, "difference_to_previous_se": None,
            "difference_to_previous_p": None, "is_different_from_previous": False, "is_uncertain": False,
            "is_suppressed": False, "suppression_reason": None, "snapshot_id": "snapshot-of-the-factory", "code_version": "0.1.0",
        } | more  # fmt: skip
        row["figure_id"] = "|".join(
            str(row[name])
            for name in ("round_id", "municipality_code", "item_id", "measure", "category", "domain", "domain_group")
        )
        self.rows.append(row)


@cache
def _distribution(mean: float) -> np.ndarray:
    """Return shares of 5 to 1 with this mean: a normal cut at four fixed points."""
    cuts = (-1.35, -0.55, 0.35, 1.3)
    lowest, highest = -4.0, 4.0
    for _ in range(40):
        shift = (lowest + highest) / 2
        below = [0.0, *(0.5 + 0.5 * erf((cut - shift) / sqrt(2)) for cut in cuts), 1.0]
        shares = np.diff(below)[::-1]
        if float(shares @ np.array([5, 4, 3, 2, 1])) < mean:
            lowest = shift
        else:
            highest = shift
    return shares


def figure_rows(answers: dict[str, int] | None = None, **more: Any) -> pd.DataFrame:
    """Return the rows of one round, made once per session (see `_figure_rows`)."""
    return _figure_rows(None if answers is None else tuple(answers.items()), **more).copy()


@cache
def _figure_rows(
    respondents: tuple[tuple[str, int], ...] | None,
    *,
    round_id: str = "2023-2",
    seed: int = 7,
    codebook_version: str = "2023",
    shift: float = 0.0,
) -> pd.DataFrame:
    """
    Return the rows of one round.

    Args:
        respondents: Respondents per municipality; default the 13 of the pilot, one of them with 7.
        round_id: Of the round.
        seed: Of the invented numbers.
        codebook_version: "2023" or "2024".
        shift: Added to every mean.
    """
    random = np.random.default_rng(seed)
    if respondents is None:
        answers = {code: int(random.integers(420, 1100)) for code in PILOT}
        answers["0183"] = 7
    else:
        answers = dict(respondents)
    book = load_codebook(codebook_version)
    rows = _Rows(round_id)
    tilt = {code: float(random.normal(0, 0.16)) for code in answers} | {"alle": 0.0}
    sizes = answers | {"alle": sum(answers.values())}
    for code, n in sizes.items():
        for item, mean in MEANS.items():
            _item(rows, random, book, code, item, n, mean + shift + tilt[code], tilt[code])
        for category in book.categories:
            means = [MEANS[item] for item in category.items]
            _category(rows, random, book, code, category.code, n, float(np.mean(means)) + shift + tilt[code],
                      tilt[code])  # fmt: skip
        _contact(rows, random, code, n, book)
        _response(rows, book, code, n)
        _beside(rows, random, book, code, n)
        if code == "0740":
            _local(rows, random, code, n)
    return pd.DataFrame(rows.rows)


def _item(rows, random, book, code, item, n, mean, tilt) -> None:
    asked = book.item_target_groups.get(item)
    _mean_rows(rows, random, code, item, "mean", _routed(item, n), mean, tilt)
    for domain in SHARES:
        labels = book.labels(domain)
        groups = {group: SHARES[domain][group] for group in labels}
        if domain == "target_group" and asked:
            groups = {group: share for group, share in groups.items() if group in asked}
        total = sum(groups.values()) if domain != "duration" else 1.0
        counts = {group: round(_routed(item, n) * share / total) for group, share in groups.items()}
        hidden = {group: "few_answers" for group, count in counts.items() if 0 < count < 5}
        if len(hidden) == 1:
            rest = {group: count for group, count in counts.items() if count >= 5}
            if rest:
                hidden[min(rest, key=rest.__getitem__)] = "complementary"
        for group, count in counts.items():
            if not count:
                continue
            _mean_rows(
                rows, random, code, item, "mean", count, mean + float(random.normal(0, 0.12)), tilt,
                domain=domain, group=group, reason=hidden.get(group),
            )  # fmt: skip


def _routed(item: str, n: int) -> int:
    return round(n * {"coop": 0.11, "jobs": 0.6, "closer": 0.4, "belief": 0.6}.get(item, 0.93))


def _mean_rows(rows, random, code, item, measure, n, mean, tilt, *, domain="all", group="", reason=None) -> None:
    place = {"domain": domain, "domain_group": group}
    if n == 0:
        return
    if n < 5 or reason:
        hidden = place | {"is_suppressed": True, "suppression_reason": "anonymity"}
        rows.add(code, item, measure, None, **hidden)
        if measure == "mean":
            for answer in "54321":
                rows.add(code, item, "share", None, category=answer, **hidden)
        return
    shares = _distribution(float(np.clip(mean, 1.3, 4.8)))
    value = float(shares @ np.array([5, 4, 3, 2, 1]))
    error = 1.12 / np.sqrt(n)
    counts = {
        "valid_n": n, "dont_know_n": round(n * 0.05), "not_asked_n": 0, "broken_off_n": round(n * 0.01),
        "weighted_base": n * 6.8, "is_uncertain": n < 30,
    }  # fmt: skip
    compared: dict[str, Any] = {}
    if domain == "all" and code != "alle":
        compared = {
            "difference_to_all": tilt, "difference_to_all_se": error, "difference_to_rest": tilt * 1.05,
            "difference_to_rest_se": error, "difference_to_rest_p": 0.01,
            "is_different_from_rest": bool(abs(tilt) > 2.4 * error),
        }  # fmt: skip
    rows.add(
        code, item, measure, value, standard_error=error, lower=max(value - 1.96 * error, 1.0),
        upper=min(value + 1.96 * error, 5.0), **place, **counts, **compared,
    )  # fmt: skip
    if measure == "mean":
        for answer, share in zip("54321", shares, strict=True):
            rows.add(code, item, "share", float(share), category=answer, **place, **counts)
        rows.add(code, item, "top2", float(shares[:2].sum()), **place, **counts)


def _category(rows, random, book, code, category, n, mean, tilt) -> None:
    _mean_rows(rows, random, code, category, "category_mean", round(n * 0.95), mean, tilt)
    for domain in SHARES:
        for group in book.labels(domain):
            count = round(n * SHARES[domain][group])
            if count:
                _mean_rows(
                    rows, random, code, category, "category_mean", count, mean + float(random.normal(0, 0.1)), tilt,
                    domain=domain, group=group,
                )  # fmt: skip


def _contact(rows, random, code, n, book) -> None:
    for domain, group, count in [
        ("all", "", round(n * 0.27)),
        *(
            (split, name, round(n * 0.05))
            for split in ("duration", "status", "sex", "age_group")
            for name in book.labels(split)
        ),
    ]:
        for option, share in CONTACT.items():
            place = {"category": option, "domain": domain, "domain_group": group}
            if 0 < count < 5:
                rows.add(code, "contact", "option_share", None, **place, is_suppressed=True,
                         suppression_reason="anonymity")  # fmt: skip
            elif count:
                rows.add(code, "contact", "option_share", float(np.clip(share + random.normal(0, 0.02), 0, 1)),
                         **place, valid_n=count, dont_know_n=0, is_uncertain=count < 30)  # fmt: skip


def _response(rows, book, code, n) -> None:
    sampled, population = round(n / 0.432) + 8, round(n / 0.432 * 2.9) + 20
    for measure, value in {
        "population_n": population, "sampled_n": sampled, "reachable_n": sampled - 6, "answered_n": n, "complete_n": round(n * 0.9),
        "partial_n": n - round(n * 0.9), "response_rate": n / sampled, "complete_rate": round(n * 0.9) / sampled,
    }.items():  # fmt: skip
        rows.add(code, "response", measure, float(value))
    for domain in ("sex", "age_group", "target_group"):
        labels = list(book.labels(domain))
        base = np.array([SHARES[domain][group] for group in labels])
        base /= base.sum()
        answered = base * np.linspace(0.85, 1.15, len(base))
        answered /= answered.sum()
        for group, share, respondents in zip(labels, base, answered, strict=True):
            for measure, value in (
                ("population_share", share), ("sample_share", share + 0.002), ("respondent_share", respondents),
            ):  # fmt: skip
                rows.add(code, "response", measure, float(value), domain=domain, domain_group=group)
    if n >= 5:
        for day in range(29):
            rate = 0.45 * (1 - np.exp(-day / 1.6))
            rate += 0.30 * (1 - np.exp(-max(day - 7, 0) / 1.6)) + 0.25 * (1 - np.exp(-max(day - 14, 0) / 1.6))
            rows.add(code, "response", "cumulative_rate", float(n / sampled * rate), domain="day",
                     domain_group=str(day))  # fmt: skip
        for measure, value in {
            "design_effect": 1.21,
            "effective_n": n / 1.21,
            "weight_min": 2.1,
            "weight_max": 31.5,
        }.items():
            rows.add(code, "weighting", measure, float(value))


def _beside(rows: _Rows, random, book, code: str, n: int) -> None:
    """Add what the contract has beside scores: taking part, nonresponse, weights."""
    sampled = round(n / 0.432) + 8
    for domain in ("sex", "age_group", "target_group"):
        for group in book.labels(domain):
            rows.add(code, "response", "response_rate", float(np.clip(n / sampled + random.normal(0, 0.06), 0, 1)) if n
                     else 0.0, domain=domain, domain_group=group)  # fmt: skip
    if n >= 10:
        for quartile, minutes in (("p25", 2.0), ("p50", 3.5), ("p75", 6.5)):
            rows.add(code, "response", "completion_minutes", minutes, category=quartile, valid_n=round(n * 0.9))
        rows.add(code, "response", "r_indicator", 0.81, lower=0.77, upper=0.85)
        for variable, value in (("target_group", 0.062), ("sex", 0.021), ("age_group", 0.071)):
            rows.add(code, "response", "r_partial", value, category=variable)
    rows.add(code, "weighting", "merged_n", float(random.integers(0, 9)))
    for category in book.categories:
        for width, shift in (("0.10", 0.05), ("0.25", 0.12)):
            mean = float(np.mean([MEANS[item] for item in category.items]))
            for end, sign in (("low", -1), ("high", 1)):
                if n >= 5:
                    rows.add(code, category.code, f"sensitivity_{end}", mean + sign * shift, category=width)
    if code != "alle":
        return
    for category in book.categories:
        for wave, shift in (("1", 0.05), ("2", 0.0), ("3", -0.08)):
            mean = float(np.mean([MEANS[item] for item in category.items]))
            rows.add(
                code, category.code, "category_mean", mean + shift, domain="wave", domain_group=wave, valid_n=n // 3
            )
    for domain, groups in (("language", {"dansk": 0.94, "andet": 0.06}), ("mobile", {"ja": 0.86, "nej": 0.14})):
        for group, share in groups.items():
            for measure, value in (
                ("population_share", share),
                ("respondent_share", share),
                ("response_rate", 0.4 + share / 10),
            ):
                rows.add(code, "response", measure, value, domain=domain, domain_group=group)
    for measure, value in (("rr1", 0.39), ("rr2", 0.432), ("con1", 0.941), ("ref1", 0.004)):
        rows.add(code, "response", measure, value, valid_n=round(value * sampled), weighted_base=float(sampled))
    for region, (own, country) in {"1084": (0.31, 0.30), "1085": (0.08, 0.17), "1083": (0.23, 0.22), "1082": (0.23, 0.19),
                                   "1081": (0.15, 0.11)}.items():  # fmt: skip
        rows.add(code, "response", "municipality_share", own, domain="region", domain_group=region)
        rows.add(code, "response", "country_municipality_share", country, domain="region", domain_group=region)
    for name, (own, country) in {"inhabitants_16_66": (53174.0, 39152.0), "expected_full_time_share": (0.08, 0.08),
                                 "share_of_labour_force": (0.26, 0.24), "share_of_population": (0.20, 0.19)}.items():  # fmt: skip
        rows.add(code, "response", "participating_value", own, domain="statistic", domain_group=name)
        rows.add(code, "response", "country_value", country, domain="statistic", domain_group=name)
    for answer, count in zip("54321", (2320, 2970, 1650, 800, 870), strict=True):
        rows.add(code, "weighting", "unweighted_n", float(count), category=answer)
        rows.add(code, "weighting", "unweighted_share", count / 8610, category=answer)
    for measure, value in (("cell_population_n", 1432.0), ("cell_answered_n", 211.0), ("cell_weight", 1432 / 211)):
        rows.add(code, "weighting", measure, value, category="kvinde/30_49/sygedagpenge")


def _local(rows: _Rows, random, code: str, n: int) -> None:
    """Add a municipality's own questions and its own mark with three groups."""
    for domain, groups in (("all", [("", 1.0)]), ("sex", [("kvinde", 0.6), ("mand", 0.4)])):
        for group, share in groups:
            _mean_rows(rows, random, code, "local1", "mean", round(n * share), 3.4, 0.0, domain=domain, group=group)
    for group, share in (("Jobcenter Nord", 0.5), ("Jobcenter Syd", 0.4), ("øvrige", 0.1)):
        for item, mean in MEANS.items():
            _mean_rows(rows, random, code, item, "mean", round(_routed(item, n) * share), mean, 0.0,
                       domain="local_1", group=group)  # fmt: skip
        for category in load_codebook("2023").categories:
            mean = float(np.mean([MEANS[item] for item in category.items]))
            _mean_rows(rows, random, code, category.code, "category_mean", round(n * share), mean, 0.0,
                       domain="local_1", group=group)  # fmt: skip


def trend_points(
    code: str, periods: tuple[str, ...], rows: pd.DataFrame, broken: tuple[str, ...] = ()
) -> list[TrendPoint]:
    """Return the points of a municipality and of all: its own round last, earlier ones a little lower."""
    kept = rows[(rows["domain"] == "all") & rows["measure"].isin(["mean", "category_mean", "response_rate"])]
    kept = kept[kept["municipality_code"].isin([code, "alle"])]
    everything = [*periods, "2023-2"]
    return [
        TrendPoint(
            "2023-2", row.municipality_code, row.item_id, row.measure, "all", "", period, numbers.period(period),
            "round", period, f"Rapporten fra {period}",
            None if pd.isna(row.value) else float(row.value) - 0.03 * (len(everything) - 1 - place),
            is_break := bool(place and row.item_id in broken),
            "Temaets spørgsmål er ændret." if is_break else None,
        )
        for row in kept.itertuples()
        for place, period in enumerate(everything)
    ]  # fmt: skip


def as_read_of_an_earlier_round(rows: pd.DataFrame, code: str) -> pd.DataFrame:
    """Return what sql/reporting/earlier_figures.sql returns."""
    return rows[rows["municipality_code"].isin([code, "alle"]) & (rows["domain"] == "all")]


def figures_of(rows: pd.DataFrame) -> FigureSet:
    """Return the rows as stage.py would read them."""
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return figure_set(SimpleNamespace(**record) for record in records)


def report_data(
    code: str = "0461",
    *,
    answers: dict[str, int] | None = None,
    names: dict[str, str] | None = None,
    earlier_rounds: tuple[str, ...] = (),
    codebook_version: str = "2023",
    broken: tuple[str, ...] = (),
) -> ReportData:
    """Return the data of one municipality's report, as stage.py would read it."""
    names = PILOT if names is None else names
    rows = figure_rows(answers, codebook_version=codebook_version)
    kept = rows["municipality_code"].isin([code, "alle"]) | (
        (rows["domain"] == "all")
        & rows["measure"].isin(["mean", "category_mean", "response_rate", "answered_n", "merged_n"])
    )
    earlier = tuple(
        EarlierRound(
            facts(round_id),
            figures_of(
                as_read_of_an_earlier_round(
                    figure_rows(answers, round_id=round_id, seed=place, shift=0.06 * place - 0.2), code
                )
            ),
        )
        for place, round_id in enumerate(earlier_rounds)
    )
    return ReportData(
        facts=facts(codebook=codebook_version),
        municipality_code=code,
        municipality_names=names,
        figures=figures_of(rows[kept]),
        snapshot_id="snapshot-of-the-factory",
        code_version="0.1.0",
        earlier=earlier,
        trend=tuple(trend_points(code, earlier_rounds, rows, broken)),
        **(BESIDE if code == "0740" else {}),
    )
