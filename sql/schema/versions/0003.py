"""Open answers approved for publication, and the view of them that reports may read."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0003"
down_revision = "0002"
upgrade = statements_beside(__file__)
downgrade = only_forward
