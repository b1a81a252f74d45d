"""A municipality's greeting and logo on the first page of its report."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0007"
down_revision = "0006"
upgrade = statements_beside(__file__)
downgrade = only_forward
