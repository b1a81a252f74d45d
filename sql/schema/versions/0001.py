"""The schemas of the stages, their roles, and identity, link and answers apart."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0001"
down_revision = None
upgrade = statements_beside(__file__)
downgrade = only_forward
