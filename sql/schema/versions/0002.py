"""Trend, imported figures, alarms, notices and merged cells: what the figures say beside the round's own numbers."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0002"
down_revision = "0001"
upgrade = statements_beside(__file__)
downgrade = only_forward
