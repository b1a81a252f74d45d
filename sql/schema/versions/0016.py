"""No statistics of what citizens wrote, and no trace of when an answer came in beside it."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0016"
down_revision = "0015"
upgrade = statements_beside(__file__)
downgrade = only_forward
