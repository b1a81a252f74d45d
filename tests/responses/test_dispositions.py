"""Everyone in the sample ends somewhere, and an answer counts whatever happened later."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.responses.dispositions import decide
from borgerpuls.terms import Disposition

PLAIN = {
    "form_state": "unopened",
    "completeness": None,
    "is_quarantined": False,
    "opt_out_reason": None,
    "is_reached": True,
}


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        ({}, Disposition.NOT_RETURNED),
        ({"is_reached": False}, Disposition.UNREACHABLE),
        ({"form_state": "completed", "completeness": "complete"}, Disposition.COMPLETE),
        ({"form_state": "completed", "completeness": "complete", "opt_out_reason": "dead"}, Disposition.COMPLETE),
        ({"form_state": "started", "completeness": "partial"}, Disposition.PARTIAL),
        ({"form_state": "started", "completeness": "none"}, Disposition.BREAK_OFF),
        ({"form_state": "completed", "completeness": "complete", "is_quarantined": True}, Disposition.BREAK_OFF),
        ({"form_state": "deleted"}, Disposition.REFUSAL),
        ({"opt_out_reason": "opted_out"}, Disposition.REFUSAL),
        ({"opt_out_reason": "withdrawn"}, Disposition.REFUSAL),
        ({"opt_out_reason": "dead", "is_reached": False}, Disposition.DECEASED),
        ({"opt_out_reason": "moved"}, Disposition.NO_LONGER_ELIGIBLE),
    ],
)
def test_each_fate_has_its_code(known: dict[str, object], outcome: Disposition) -> None:
    assert decide(pd.DataFrame([{**PLAIN, **known}])).tolist() == [outcome.value]


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "form_state": st.sampled_from([None, "unopened", "started", "completed", "deleted"]),
                "completeness": st.sampled_from([None, "none", "partial", "complete"]),
                "is_quarantined": st.booleans(),
                "opt_out_reason": st.sampled_from([None, "opted_out", "dead", "moved", "withdrawn"]),
                "is_reached": st.booleans(),
            }
        ),
        min_size=1,
    )
)
@settings(max_examples=40, deadline=None)
def test_everybody_has_exactly_one_known_outcome(people: list[dict[str, object]]) -> None:
    decided = decide(pd.DataFrame(people))
    assert len(decided) == len(people)
    assert set(decided) <= {each.value for each in Disposition}
