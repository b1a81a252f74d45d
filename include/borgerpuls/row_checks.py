"""
Rules on the rows of a table, checked with Great Expectations: which rule failed, on which rows, how often.

Quarantine follows from the findings and from nothing else. Results carry counts and row ids, never a value. Great
Expectations is imported inside the function that uses it. The rules themselves belong to the stages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from borgerpuls.errors import ExpectationDidNotRun

ROW_ID = "row_id"
COUNTS_AND_ROWS = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [ROW_ID],
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
    "return_unexpected_index_query": False,
    "partial_unexpected_count": 0,
}


class Rule(Protocol):
    """
    One expectation of every row.

    `name` keys it, `column` is the heading a reader knows, `kind` and `arguments` are the expectation. A rule that does
    not quarantine only notes.
    """

    @property
    def name(self) -> str: ...
    @property
    def column(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def arguments(self) -> Mapping[str, Any]: ...
    @property
    def quarantines(self) -> bool: ...


@dataclass(frozen=True)
class Checked:
    """
    What the expectations found.

    `results` has one row per rule: `expectation`, `column_name`, `is_met`, `checked_count`, `unexpected_count`.
    `findings` has one row per rule and row that fails it: `row_id` (index label) and `rule` (position), both int64.
    """

    results: pd.DataFrame
    findings: pd.DataFrame


def check_rows(rows: pd.DataFrame, rules: Sequence[Rule]) -> Checked:
    """
    Check every rule on every row; Great Expectations sees the columns that rules name, and no others.

    Args:
        rows: Unique index of whole numbers; the columns that the rules name.
        rules: At least one, in the order a reader would correct a row.

    Raises:
        ExpectationDidNotRun: Great Expectations could not evaluate a rule. The message names the rule only.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )
    asset = context.data_sources.add_pandas("borgerpuls").add_dataframe_asset("rows")
    judged = sorted({column for rule in rules for name, column in rule.arguments.items() if name.startswith("column")})
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows[judged].rename_axis(ROW_ID)})
    suite = gx.ExpectationSuite(name="rules")
    for position, rule in enumerate(rules):
        expectation = getattr(gx.expectations, rule.kind)
        suite.add_expectation(expectation(**rule.arguments, meta={"rule": position}))
    outcome = batch.validate(suite, result_format=COUNTS_AND_ROWS)
    by_rule = {result.expectation_config.meta["rule"]: result for result in outcome.results}
    results, findings = [], []
    for position, rule in enumerate(rules):
        result = by_rule.get(position)
        if result is None or "unexpected_count" not in result.result:
            raise ExpectationDidNotRun(
                f"The expectation {rule.name!r} could not be checked.",
                where=f"column {rule.column}",
                next_step="Nothing was written. Run the task again; if it fails again, report it with this name.",
            )
        row_ids = [row for listed in result.result.get("unexpected_index_list") or [] for row in listed[ROW_ID]]
        results.append(
            {
                "expectation": rule.name,
                "column_name": rule.column,
                "is_met": bool(result.success),
                "checked_count": int(result.result["element_count"]),
                "unexpected_count": int(result.result["unexpected_count"]),
            }
        )
        findings.append(pd.DataFrame({"row_id": row_ids, "rule": position}, dtype="int64"))
    return Checked(pd.DataFrame(results), pd.concat(findings, ignore_index=True))


def quarantining(findings: pd.DataFrame, rules: Sequence[Rule]) -> pd.DataFrame:
    """Return the findings of rules that quarantine."""
    positions = [position for position, rule in enumerate(rules) if rule.quarantines]
    return findings[findings["rule"].isin(positions)]
