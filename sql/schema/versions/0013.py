"""The reports tell of the reminder arms."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0013"
down_revision = "0012"
upgrade = statements_beside(__file__)
downgrade = only_forward
