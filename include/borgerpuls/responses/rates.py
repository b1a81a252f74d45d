"""
Response rates by the definitions of AAPOR, with numerator and denominator.

I complete, P partial, R refusal and break-off, NC not returned, O other (eligible), U unknown whether eligible. Persons
known to be outside the population (codes 4) are in no rate. A rate without its number cannot be compared: RR1 counts
complete answers only, RR2 partial ones too; RR5 and RR6 the same without those of unknown eligibility.

Source: AAPOR (2023), Standard Definitions: Final Dispositions of Case Codes and Outcome Rates for Surveys, 10th ed.
"""

import pandas as pd

from borgerpuls.errors import UnknownCode

_CLASS_BY_PREFIX = {
    "1.1": "I",
    "1.2": "P",
    "2.1": "R",
    "2.2": "NC",
    "2.3": "O",
    "3": "U",
    "4": "not eligible",
}
CLASSES = ("I", "P", "R", "NC", "O", "U")

RATES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "RR1": ("response rate, complete answers", ("I",), CLASSES),
    "RR2": ("response rate, partial answers included", ("I", "P"), CLASSES),
    "RR5": ("as RR1 without unknown eligibility", ("I",), CLASSES[:-1]),
    "RR6": ("as RR2 without unknown eligibility", ("I", "P"), CLASSES[:-1]),
    "COOP1": ("cooperation of those reached, complete answers", ("I",), ("I", "P", "R", "O")),
    "COOP2": ("cooperation of those reached, partial answers included", ("I", "P"), ("I", "P", "R", "O")),
    "REF1": ("refusals and break-offs", ("R",), CLASSES),
    "REF3": ("refusals and break-offs of those reached", ("R",), ("I", "P", "R", "O")),
    "CON1": ("reached", ("I", "P", "R", "O"), CLASSES),
}
"""Rate → (what it counts, classes of the numerator, classes of the denominator)."""


def disposition_class(code: str) -> str:
    """Return I, P, R, NC, O, U or `not eligible` for an AAPOR code as text; raises UnknownCode."""
    for length in (3, 1):
        if code[:length] in _CLASS_BY_PREFIX and len(code[:length]) == length:
            return _CLASS_BY_PREFIX[code[:length]]
    raise UnknownCode(
        f"Disposition {code!r} is no AAPOR code of this survey.",
        where="The dispositions",
        next_step="Use the codes of terms.Disposition.",
    )


def count_classes(dispositions: pd.Series, by: pd.Series | None = None) -> pd.DataFrame:
    """
    Count sampled persons by class of disposition.

    Args:
        dispositions: AAPOR code as text per sampled person.
        by: Group of each person (index as *dispositions*); default one group `all`.

    Returns:
        Index group; one column per class of `CLASSES` and `not eligible`: persons.

    Raises:
        UnknownCode: A code is not one of the survey's; a missing one is named as empty.
    """
    codes = dispositions.astype("str").fillna("")
    classes = codes.map({code: disposition_class(code) for code in codes.unique()})
    groups = pd.Series("all", index=codes.index) if by is None else by
    counts = pd.crosstab(groups, classes)
    counts = counts.reindex(columns=[*CLASSES, "not eligible"], fill_value=0)
    counts.columns.name = None
    counts.index.name = groups.name
    return counts


def response_rates(counts: pd.DataFrame) -> pd.DataFrame:
    """
    Return every rate of every group.

    Args:
        counts: As `count_classes`.

    Returns:
        One row per group × rate: `group`, `rate` (as in `RATES`), `counts`, `numerator`, `denominator` (persons),
        `share` (0-1; missing where the denominator is 0), `formula` (with the counts put in).
    """
    rows = []
    for group, persons in counts.iterrows():
        for rate, (counted, over, under) in RATES.items():
            numerator, denominator = (int(sum(persons[c] for c in classes)) for classes in (over, under))
            rows.append(
                {
                    "group": group,
                    "rate": rate,
                    "counts": counted,
                    "numerator": numerator,
                    "denominator": denominator,
                    "share": numerator / denominator if denominator else float("nan"),
                    "formula": f"({' + '.join(over)}) / ({' + '.join(under)}) = {numerator} / {denominator}",
                }
            )
    columns = ["group", "rate", "counts", "numerator", "denominator", "share", "formula"]
    return pd.DataFrame(rows, columns=columns)
