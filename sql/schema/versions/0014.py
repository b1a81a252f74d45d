"""Reports know who takes part by the sample."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0014"
down_revision = "0013"
upgrade = statements_beside(__file__)
downgrade = only_forward
