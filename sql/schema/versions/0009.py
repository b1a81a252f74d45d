"""Messages in doubt may be sent again where the gateway takes each id once."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0009"
down_revision = "0008"
upgrade = statements_beside(__file__)
downgrade = only_forward
