"""A plan may be replaced until it is approved, and every plan is kept."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0011"
down_revision = "0010"
upgrade = statements_beside(__file__)
downgrade = only_forward
