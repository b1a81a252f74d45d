"""Versions of what is published: corrections, retractions, and every file by its hash."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0006"
down_revision = "0005"
upgrade = statements_beside(__file__)
downgrade = only_forward
