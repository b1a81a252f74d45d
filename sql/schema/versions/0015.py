"""What is destroyed when, and the register that proves it."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0015"
down_revision = "0014"
upgrade = statements_beside(__file__)
downgrade = only_forward
