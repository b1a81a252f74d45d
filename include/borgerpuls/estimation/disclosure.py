"""
Disclosure control: withhold the numbers that could reveal somebody, in the data, before anything is drawn.

A domain with fewer than *below* valid answers is withheld with everything about it; so is one whose answers all fall in
one category when they are few. Where exactly one group of a partition is withheld its number could be worked out from
the others and the whole, so the smallest of the others goes too (complementary suppression); likewise where exactly one
municipality is withheld and all participating are shown.

Source: Hundepool et al. (2012), Statistical Disclosure Control, ch. 4; thresholds: shared/STATISTICS.md.
"""

import pandas as pd

from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES
from borgerpuls.terms import ALL_PARTICIPATING

FEW_ANSWERS = "few_answers"
ONE_CATEGORY = "one_category"
COMPLEMENTARY = "complementary"

DOMAIN = ["municipality_code", "item_id", "domain", "domain_group"]


def suppress(
    figures: pd.DataFrame, *, below: int = 5, one_category_below: int = 10, uncertain_below: int = 30
) -> pd.DataFrame:
    """
    Return *figures* with the disclosive ones emptied.

    Args:
        figures: As `figures.survey_figures`.
        below: A domain with fewer valid answers is withheld.
        one_category_below: A domain with fewer valid answers that all fall in one category is withheld.
        uncertain_below: A domain that is shown with fewer valid answers is marked as uncertain.

    Returns:
        The same rows with `is_suppressed`, `suppression_reason` and `is_uncertain`; a suppressed row has no count,
        value, error, interval or comparison left.
    """
    domains = _domains(figures, below, one_category_below)
    while _complement(domains, ["municipality_code", "item_id", "domain"], domains["domain"] != "all") | _complement(
        domains, ["item_id", "domain", "domain_group"], domains["municipality_code"] != ALL_PARTICIPATING
    ):
        pass  # one withheld group can leave another alone: go on until none is
    result = figures.join(domains.set_index(DOMAIN)["suppression_reason"], on=DOMAIN)
    result["is_suppressed"] = result["suppression_reason"].notna()
    result["is_uncertain"] = ~result["is_suppressed"] & (result["valid_n"] < uncertain_below)
    withheld = result["is_suppressed"]
    for name in [*COUNTS, *VALUES, *COMPARISONS]:
        result[name] = result[name].astype("float64").mask(withheld)
    result["no_interval_reason"] = result["no_interval_reason"].mask(withheld)
    result["is_different_from_rest"] &= ~withheld
    return result


def _domains(figures: pd.DataFrame, below: int, one_category_below: int) -> pd.DataFrame:
    """One row per municipality, item and group, with its answers and the primary reason to withhold it."""
    in_one = (figures["measure"].isin(["share", "option_share"])) & (figures["value"] > 1 - 1e-9)
    domains = (
        figures.assign(in_one=in_one)
        .groupby(DOMAIN, as_index=False)
        .agg(n=("valid_n", "max"), in_one=("in_one", "any"))
    )
    reason = pd.Series(pd.NA, index=domains.index, dtype="str")
    reason[domains["in_one"] & (domains["n"] < one_category_below)] = ONE_CATEGORY
    reason[domains["n"] < below] = FEW_ANSWERS
    domains["suppression_reason"] = reason
    return domains


def _complement(domains: pd.DataFrame, family: list[str], applies: pd.Series) -> bool:
    """Where one member of a family is withheld alone, withhold the smallest of the others; tell whether any was."""
    members = domains[applies]
    withheld = members["suppression_reason"].notna()
    alone = withheld.groupby([members[key] for key in family]).transform("sum") == 1
    candidates = members[alone & ~withheld].sort_values([*family, "n", *DOMAIN], kind="stable")
    chosen = candidates.drop_duplicates(family).index
    domains.loc[chosen, "suppression_reason"] = COMPLEMENTARY
    return len(chosen) > 0
