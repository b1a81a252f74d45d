"""
How one figure came about, told to the person who asks: definition, counts, weights, query, snapshot. Never a person.
"""

import pandas as pd

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.estimation.dictionary import COLUMNS, COUNTS, definition
from borgerpuls.estimation.response_figures import RESPONSE, WEIGHTING
from borgerpuls.questionnaire.definition import load_instrument

REASONS = {
    "few_answers": "for få gyldige svar",
    "one_category": "få svar, som alle ligger i samme svarkategori",
    "complementary": "et andet skjult tal kunne ellers regnes ud",
}
QUERIES = {
    RESPONSE: ("estimation/people.sql", "estimation/arrivals.sql"),
    WEIGHTING: ("estimation/weights.sql", "estimation/diagnostics.sql"),
}
"""The statements that figures about taking part and about weights are read with."""

SURVEY_QUERIES = ("estimation/respondents.sql", "estimation/answers.sql", "estimation/cells.sql")


def explanation(figure: pd.Series, weights: pd.Series) -> str:
    """
    Return how a figure came about, in lines.

    Args:
        figure: One row of `sql/estimation/figure.sql`.
        weights: `answers, cells, lightest, mean_weight, heaviest` of the figure's municipality.
    """
    codebook, instrument = load_codebook(figure["codebook_version"]), load_instrument(figure["questionnaire_version"])
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
        for name, against in (("rest", "de øvrige kommuner"), ("previous", "forrige runde")):
            if not pd.isna(figure[f"difference_to_{name}"]):
                p = figure[f"difference_to_{name}_p"]
                tested = "ikke testet" if pd.isna(p) else f"justeret p = {p:.4f}"
                lines.append(f"{_number(figure[f'difference_to_{name}']):>12}  Forskel til {against} ({tested}).")
        # The spread of weights tells little of many answers and much of few; a shown figure has enough.
        lines += [
            "",
            (
                f"Vægte i kommunen: {weights['cells']} vægtningsceller, {_number(weights['lightest'])} til "
                f"{_number(weights['heaviest'])}, i gennemsnit {_number(weights['mean_weight'])}."
            ),
        ]
    queries = QUERIES.get(str(figure["item_id"]), SURVEY_QUERIES)
    lines += [
        f"Læst med: {', '.join(f'sql/{query}' for query in queries)}",
        f"Øjebliksbillede af svarene: {figure['snapshot_id']}",
        (
            f"Kodebog {figure['codebook_version']}, spørgeskema {figure['questionnaire_version']}, "
            f"programversion {figure['code_version']}"
        ),
    ]
    return "\n".join(lines)


def _number(value: float) -> str:
    text = f"{float(value):,.4f}".rstrip("0").rstrip(".")
    return text.translate(str.maketrans(",.", ".,"))
