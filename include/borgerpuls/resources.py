"""
Where the files that ship with the product are: SQL, templates. In a checkout beside the package, in a wheel inside it.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def resource_folder(name: str) -> Path:
    """Return the folder *name* (`sql`, `templates`) of this installation."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parents[1] / name
