"""An approval says what it is of, municipality by municipality."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0005"
down_revision = "0004"
upgrade = statements_beside(__file__)
downgrade = only_forward
