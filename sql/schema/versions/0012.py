"""Wrong codes are counted for all web processes together."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0012"
down_revision = "0011"
upgrade = statements_beside(__file__)
downgrade = only_forward
