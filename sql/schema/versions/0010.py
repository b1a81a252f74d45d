"""What a round is known by follows from a key outside the database; the link to a form is stored nowhere."""

from borgerpuls.migration import only_forward, statements_beside

revision = "0010"
down_revision = "0009"
upgrade = statements_beside(__file__)
downgrade = only_forward
