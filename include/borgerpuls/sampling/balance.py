"""
Balance: does the sample look like the frame it was drawn from?
"""

from collections.abc import Sequence

import pandas as pd

ALL = "all"


def balance_table(
    frame: pd.DataFrame, sample: pd.DataFrame, *, variables: Sequence[str] = ("target_group", "sex", "age_group")
) -> pd.DataFrame:
    """
    Compare frame and sample by municipality and for all together.

    Args:
        frame: One row per person: `municipality` and *variables*.
        sample: The persons drawn, with the same columns.
        variables: What to compare.

    Returns:
        One row per (all, municipality) × variable × category. Columns `municipality` ("all" or its code), `variable,
        category, frame_n, sample_n`; `proportional_n`, the sample's size times the category's share of the frame;
        `deviation_n`, sample minus proportional (persons); `frame_share, sample_share` (0-1; missing where nobody is
        drawn) and `deviation_points`, their difference in percentage points. For all together proportional is the sum
        over municipalities, because sizes differ on purpose.
    """
    tables = []
    for variable in variables:
        keys = ["municipality", variable]
        counts = pd.DataFrame({"frame_n": frame.groupby(keys).size(), "sample_n": sample.groupby(keys).size()}).fillna(
            0
        )
        counts = counts.astype("int64").reset_index().rename(columns={variable: "category"})
        sums = counts.groupby("municipality")[["frame_n", "sample_n"]].transform("sum")
        counts["proportional_n"] = counts["frame_n"] * sums["sample_n"] / sums["frame_n"]
        whole = counts.groupby("category", as_index=False)[["frame_n", "sample_n", "proportional_n"]].sum()
        whole.insert(0, "municipality", ALL)
        counts["municipality"] = counts["municipality"].astype(object)
        table = pd.concat([whole.astype({"municipality": object}), counts], ignore_index=True)
        table.insert(1, "variable", variable)
        tables.append(table)
    balance = pd.concat(tables, ignore_index=True)
    balance["deviation_n"] = balance["sample_n"] - balance["proportional_n"]
    sums = balance.groupby(["municipality", "variable"])[["frame_n", "sample_n"]].transform("sum")
    balance["frame_share"] = balance["frame_n"] / sums["frame_n"]
    balance["sample_share"] = (balance["sample_n"] / sums["sample_n"]).where(sums["sample_n"] > 0)
    balance["deviation_points"] = 100 * balance["deviation_n"] / sums["sample_n"].where(sums["sample_n"] > 0)
    return balance
