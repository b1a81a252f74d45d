"""Codes issued by staff, and the paradata of a response."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0004"
down_revision = "0003"
upgrade = statements_beside(__file__)
downgrade = only_forward
