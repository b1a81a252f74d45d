"""
What earlier reports printed, as tables: the yardsticks of the simulated country and of the tests.
"""

import pandas as pd

from borgerpuls.codebooks import files

PILOT_2023_RESPONSE = (
    ("response_rate", "", 0.432),
    ("complete_rate", "", 0.390),
    ("completion_minutes", "p25", 2.2),
    ("completion_minutes", "p50", 3.5),
    ("completion_minutes", "p75", 6.5),
)
"""What the pilot report's section on taking part prints: measure, quartile, value."""


def pilot_2023() -> pd.DataFrame:
    """Return the 203 results the pilot printed: n, shares in percent, mean, don't-know n by subgroup."""
    return files.read_figures("published/pilot2023/published_results.csv")


def pilot_2023_shares() -> pd.DataFrame:
    """Return the weighted shares of sex, age, target group and status that the pilot's tables imply."""
    return files.read_figures("published/pilot2023/implied_weighted_shares.csv")


def pilot_2023_contacts() -> pd.DataFrame:
    """Return the multi-select item on contact with other departments: weighted percent and unweighted n."""
    return files.read_figures("published/pilot2023/contact_multiselect.csv")


def pilot_2023_contacts_by_duration() -> pd.DataFrame:
    """Return the multi-select item on contact by duration, weighted percent."""
    return files.read_figures("published/pilot2023/contact_multiselect_by_duration.csv")


def pilot_2023_weighting_example() -> pd.DataFrame:
    """Return the pilot's worked example of weighting (overall satisfaction, five categories)."""
    return files.read_figures("published/pilot2023/weighting_example.csv")


def pilot_2023_representativity() -> pd.DataFrame:
    """Return how the 13 pilot municipalities compare with all 98."""
    return files.read_figures("published/pilot2023/representativity_tables.csv")


def bdo_2023_group_scores() -> pd.DataFrame:
    """Return BDO's scores of themes 4 and 5 by group; those of themes 1-3 exist only as pictures."""
    return files.read_figures("published/bdo2023_group_scores.csv")


def bdo_2023_response_rates() -> pd.DataFrame:
    """Return BDO's annex 1: population, answers and printed rate by benefit."""
    return files.read_figures("published/bdo2023_response_rates.csv")


def norddjurs_h2_2025() -> pd.DataFrame:
    """Return the category scores of Norddjurs and of 29 municipalities, second half of 2025."""
    return files.read_figures("published/norddjurs_h2_2025.csv")


def source_errors() -> pd.DataFrame:
    """Return the errors found in the published sources, by id."""
    return files.read_figures("published/source_errors.csv")
