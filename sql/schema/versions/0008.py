"""Contradictions stop a municipality's report, not the round."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0008"
down_revision = "0007"
upgrade = statements_beside(__file__)
downgrade = only_forward
