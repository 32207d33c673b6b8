"""The catalogue's files: the one that comes with imuhip, and what a wearer's or clinician's own adds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imuhip.errors import CatalogueError
from imuhip.exercises.catalogue import Catalogue
from imuhip.exercises.catalogue_text import read_catalogue

SHIPPED = Path(__file__).parent / "exercises" / "catalogue.toml"


def load_catalogue(own: Sequence[Path] = ()) -> Catalogue:
    """Read the shipped catalogue and what other files add to it.

    Args:
        own: Files in the same format; later ones add to earlier ones.

    Raises:
        CatalogueError: A file cannot be read, or says what cannot be.
    """
    return read_catalogue([(SHIPPED.name, SHIPPED.read_text(encoding="utf-8")), *((str(p), _text(p)) for p in own)])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "is not UTF-8 text"
        raise CatalogueError(f"cannot be read: {reason}", path=path, remedy="Check its name and place") from error
