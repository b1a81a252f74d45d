"""
The command line. Every command is one call into a stage; nothing is decided here.
"""

import typer

app = typer.Typer(
    name="borgerpuls",
    help="The cross-municipal citizen survey of Danish job centres, round by round.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)


@app.callback()
def main() -> None:
    """Keep the commands below as named sub-commands."""
