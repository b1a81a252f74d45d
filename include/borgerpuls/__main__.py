"""
`python -m borgerpuls`: the same command line, without depending on where scripts are installed.
"""

from borgerpuls.cli import app

app()
