"""Reading CSV files from outside: every complaint names the line and the column."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from imuhip.errors import ImportLayoutError
from imuhip.records import record
from imuhip.units import BoolArray, FloatArray

SEPARATORS = ",;\t"


@record
class Text:
    """A CSV file's text, not yet converted.

    Attributes:
        path: The file.
        header: Names of the columns, in lower case.
        separator: What separates the columns, told from the header.
        body: Everything after the header line.
        first_line: Number of the body's first line.
    """

    path: Path
    header: tuple[str, ...]
    separator: str
    body: str
    first_line: int

    def rows(self) -> list[tuple[int, list[str]]]:
        """Return (line number, cells) of every line that is not blank.

        Raises:
            ImportLayoutError: A line has more or fewer cells than the header.
        """
        found: list[tuple[int, list[str]]] = []
        reader = csv.reader(io.StringIO(self.body), delimiter=self.separator)
        try:
            for cells in reader:
                line = self.first_line - 1 + reader.line_num
                if not any(map(str.strip, cells)) and len(cells) <= 1:
                    continue
                if len(cells) != len(self.header):
                    reason = f"has {len(cells)} values where the header has {len(self.header)}"
                    raise self.error(reason, line=line, remedy="Remove the line, or export the file again")
                found.append((line, cells))
        except csv.Error as error:
            raise self.error(f"cannot be read: {error}", line=self.first_line - 1 + reader.line_num) from error
        return found

    def line_of_row(self, row: int) -> int:
        """Return the line number of a row of values, counted from 0."""
        line, _ = next(islice(self.rows(), row, None))
        return line

    def error(
        self, reason: str, *, line: int | None = None, column: str | None = None, remedy: str | None = None
    ) -> ImportLayoutError:
        """Return the error to raise about a place in this file."""
        parts = [f"line {line}" if line is not None else "", f"column {column}" if column else ""]
        return ImportLayoutError(reason, path=self.path, place=", ".join(filter(None, parts)) or None, remedy=remedy)


def read_text(path: Path, known: Sequence[str]) -> Text:
    """Read a CSV file up to its header.

    Args:
        path: The file.
        known: Names of columns, the first ones first, of which the header must have at least one; they tell the
            separator.

    Returns:
        Its text.

    Raises:
        ImportLayoutError: It cannot be read, is empty, or has no such header.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ImportLayoutError(f"cannot be read: {error.strerror or error}", path=path) from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportLayoutError("is written in UTF-16", path=path, remedy="Save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportLayoutError(
            "is not UTF-8 text", path=path, place=f"byte {error.start}", remedy="Save it as UTF-8"
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    stripped = text.lstrip("\n")
    if not stripped.strip():
        raise ImportLayoutError("is empty", path=path, remedy="Export it again")
    first_line = 2 + len(text) - len(stripped)
    head, _, body = stripped.partition("\n")
    for separator in SEPARATORS:
        header = tuple(name.strip().strip('"').strip().lower() for name in head.split(separator))
        if not set(header).isdisjoint(known):
            result = Text(path, header, separator, body, first_line)
            break
    else:
        raise ImportLayoutError(
            "has no header line with the columns of the import layout",
            path=path,
            place=f"line {first_line - 1}",
            remedy=f"Begin it with {','.join(known[:3])},... separated by comma, semicolon or tab",
        )
    for name in header:
        if header.count(name) > 1:
            raise result.error("appears twice", line=first_line - 1, column=name, remedy="Remove one of the columns")
    return result


def read_numbers(text: Text) -> FloatArray:
    """Convert all values of a table of numbers.

    Args:
        text: The table.

    Returns:
        (N, columns) values; empty cells are NaN.

    Raises:
        ImportLayoutError: A line is ragged or a cell is not a number.
    """
    if not text.body.strip():
        raise text.error("has a header but no values", remedy="Export it again")
    try:
        values = np.loadtxt(
            io.StringIO(text.body), delimiter=text.separator, comments=None, quotechar='"', ndmin=2, dtype=np.float64
        )
    except ValueError:
        return _convert_slowly(text)
    if values.shape[1] != len(text.header):
        return _convert_slowly(text)
    return values


def refuse_missing(text: Text, values: FloatArray, columns: tuple[str, ...]) -> None:
    """Refuse a cell that is empty, NaN or infinite.

    Args:
        text: The table.
        values: (N, columns) its values.
        columns: Columns in which every cell is needed.

    Raises:
        ImportLayoutError: With the place of the first such cell.
    """
    needed = [text.header.index(column) for column in columns]
    missing = ~np.isfinite(values[:, needed])
    if missing.any():
        row, column = divmod(int(np.argmax(missing)), len(needed))
        raise text.error(
            "is empty or not a number",
            line=text.line_of_row(row),
            column=columns[column],
            remedy="Remove the line, or count such lines as gaps with --nan gap",
        )


def whole_rows(text: Text, values: FloatArray, columns: tuple[str, ...]) -> BoolArray:
    """Return (N,) which rows have a finite number in each of these columns."""
    missing = ~np.isfinite(values[:, [text.header.index(column) for column in columns]])
    return ~np.asarray(missing.any(axis=1))


def to_number(text: Text, cell: str, *, line: int, column: str) -> float:
    """Convert one cell.

    Args:
        text: The table it is from.
        cell: What it holds.
        line: Where it is.
        column: Where it is.

    Returns:
        Its value; NaN for an empty cell.

    Raises:
        ImportLayoutError: It is not a number.
    """
    try:
        return float(cell.strip() or "nan")
    except ValueError:
        remedy = "Export numbers with a decimal point" if "," in cell else "Correct it, or remove the line"
        raise text.error(f"{cell.strip()[:40]!r} is not a number", line=line, column=column, remedy=remedy) from None


def _convert_slowly(text: Text) -> FloatArray:
    """Convert cell by cell, for tables with empty cells and to find out what is wrong with the others."""
    values = [
        [to_number(text, cell, line=line, column=name) for name, cell in zip(text.header, cells, strict=True)]
        for line, cells in text.rows()
    ]
    return np.array(values, dtype=np.float64).reshape(len(values), len(text.header))
