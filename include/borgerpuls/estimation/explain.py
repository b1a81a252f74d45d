"""
How one figure came about, told to the person who asks: definition, counts, weights, query, snapshot. Never a person.
"""

import pandas as pd

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.estimation.dictionary import COLUMNS, COUNTS, definition
from borgerpuls.estimation.response_figures import RESPONSE
from borgerpuls.questionnaire.definition import Instrument
from borgerpuls.questionnaire.versions import load_instrument

REASONS = {
    "few_answers": "for få gyldige svar",
    "one_category": "få svar, som alle ligger i samme svarkategori",
    "complementary": "et andet skjult tal kunne ellers regnes ud",
}
SURVEY_QUERIES = ("respondents", "answers", "cells")
QUERIES = {
    **dict.fromkeys(("cumulative_rate", "completion_minutes"), ("arrivals", "people")),
    **dict.fromkeys(("sensitivity_low", "sensitivity_high"), (*SURVEY_QUERIES, "people")),
    **dict.fromkeys(("design_effect", "effective_n"), ("diagnostics",)),
    **dict.fromkeys(("weight_min", "weight_max"), ("weights",)),
    **dict.fromkeys(("merged_n", "cell_population_n", "cell_answered_n", "cell_weight"), ("cells",)),
    **dict.fromkeys(("unweighted_n", "unweighted_share"), ("respondents", "answers")),
    **dict.fromkeys(("municipality_share", "country_municipality_share"), ("people",)),
}
"""The statements that a measure is read with, where they are not those of its item."""

WITHOUT_WEIGHTS = ("unweighted_n", "unweighted_share")
REFERENCE_DATA = {
    "country_municipality_share": "codebooks/data/municipalities.csv",
    "municipality_share": "codebooks/data/municipalities.csv",
    "participating_value": "codebooks/data/published/pilot2023/representativity_tables.csv",
    "country_value": "codebooks/data/published/pilot2023/representativity_tables.csv",
}
"""Product data that a measure is made of; its provenance stands in codebooks/data/README.md."""


def explanation(figure: pd.Series, weights: pd.Series, instrument: Instrument | None = None, previous: str = "") -> str:
    """
    Return how a figure came about, in lines.

    Args:
        figure: One row of `sql/estimation/figure.sql`.
        weights: `answers, cells, lightest, mean_weight, heaviest` of the figure's municipality.
        instrument: The round's, with the municipality's own questions; default that of its version.
        previous: The period that it is compared with, as its trend names it.
    """
    codebook = load_codebook(figure["codebook_version"])
    instrument = instrument or load_instrument(figure["questionnaire_version"])
    lines = [str(figure["figure_id"]), definition(figure, codebook, instrument), ""]
    if figure["is_suppressed"]:
        reason = REASONS.get(str(figure["reason"]), "en anden af kommunens oplysninger er skjult")
        lines += ["Tallet er skjult af hensyn til borgernes anonymitet.", f"Grund (kun til intern brug): {reason}.", ""]
    else:
        shown = [name for name in ("value", "standard_error", "lower", "upper", "weighted_base", *COUNTS)
                 if not pd.isna(figure[name])]  # fmt: skip
        lines += [f"{_number(figure[name]):>12}  {COLUMNS[name]}" for name in shown]
        if figure["no_interval_reason"]:
            lines.append(f"{'':>12}  Interval: {figure['no_interval_reason']}.")
        for name, against in (("rest", "de øvrige kommuner"), ("previous", previous or "forrige periode")):
            if not pd.isna(figure[f"difference_to_{name}"]):
                p = figure[f"difference_to_{name}_p"]
                tested = "ikke testet" if pd.isna(p) else f"justeret p = {p:.4f}".replace(".", ",")
                lines.append(f"{_number(figure[f'difference_to_{name}']):>12}  Forskel til {against} ({tested}).")
        if figure["item_id"] != RESPONSE and figure["measure"] not in WITHOUT_WEIGHTS:
            # The spread of weights tells little of many answers and much of few; a shown figure has enough.
            lines += [
                "",
                (
                    f"Vægte i kommunen: {weights['cells']:.0f} vægtningsceller, {_number(weights['lightest'])} til "
                    f"{_number(weights['heaviest'])}, i gennemsnit {_number(weights['mean_weight'])}."
                ),
            ]
    measure = str(figure["measure"])
    queries = QUERIES.get(measure, ("people",) if figure["item_id"] == RESPONSE else SURVEY_QUERIES)
    if measure in REFERENCE_DATA:
        lines.append(f"Referencedata: {REFERENCE_DATA[measure]}")
    lines += [
        f"Læst med: {', '.join(f'sql/estimation/{query}.sql' for query in queries)}",
        f"Øjebliksbillede af svarene: {figure['snapshot_id']}",
        (
            f"Kodebog {figure['codebook_version']}, spørgeskema {figure['questionnaire_version']}, "
            f"programversion {figure['code_version']}"
        ),
    ]
    return "\n".join(lines)


def imported_explanation(figure: pd.Series) -> str:
    """
    Return where an imported figure comes from, in lines.

    Args:
        figure: One row of `sql/estimation/imported_figure.sql`.
    """
    codebook, instrument = load_codebook(figure["codebook_version"]), load_instrument(figure["questionnaire_version"])
    shown = [name for name in ("value", "standard_error", "lower", "upper", "valid_n") if not pd.isna(figure[name])]
    lines = [
        definition(figure, codebook, instrument),
        "",
        *(f"{_number(figure[name]):>12}  {COLUMNS[name]}" for name in shown),
        "",
        f"Importeret fra: {figure['title']} ({figure['participants']}), {figure['period_name']}.",
    ]
    if figure["candidate_n"] and not pd.isna(figure["candidate_n"]):
        lines.append(f"En anonym kommune blandt {int(figure['candidate_n'])}, der har sagt ja.")
    return "\n".join([*lines, f"Kodebog {figure['codebook_version']}, spørgeskema {figure['questionnaire_version']}"])


def _number(value: float) -> str:
    text = f"{float(value):,.4f}".rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))
