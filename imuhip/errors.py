"""The errors of imuhip, one tree.

::

    ImuhipError                what the command line turns into a message and a non-zero exit
    ├── InputError             a file or a value from outside cannot be used: names file, place and remedy
    │   ├── RecordingError     not a recording, damaged beyond use, or of a newer format
    │   ├── ImportLayoutError  a folder to import breaks the import layout
    │   ├── CalibrationError   a saved calibration does not fit this recording
    │   ├── CatalogueError     a catalogue says what cannot be: names the entry
    │   ├── HistoryError       the history is missing, newer or in use, or a session has no place in it
    │   │   └── HistoryDamagedError   it cannot be read any more
    │   └── BrokerError        a broker's address, name or credentials cannot be used, or it does not answer
    ├── OutputError            the output cannot be written, or exists and --force was not given
    ├── RadioError             the radio or a sensor cannot be used: says what to do
    │   ├── SensorNotFound     a sensor is not heard: off, far away, or connected to something else
    │   └── LinkError          a connection failed or broke; trying again may help
    └── PacketError            bytes that are not a packet: position and reason (the pipeline counts them)
"""

from __future__ import annotations

from pathlib import Path


class ImuhipError(Exception):
    """Base of every error that imuhip raises on purpose."""


class InputError(ImuhipError):
    """Something from outside cannot be used.

    Args:
        reason: What is wrong, in one sentence without a full stop.
        path: The file or folder it was found in, where there is one.
        place: Where in it: ``"line 12, column acc_x_m_s2"``, ``"byte 4096"``.
        remedy: What the user can do about it, as an imperative.
    """

    def __init__(
        self, reason: str, *, path: Path | str | None = None, place: str | None = None, remedy: str | None = None
    ) -> None:
        self.reason = reason
        self.path = None if path is None else Path(path)
        self.place = place
        self.remedy = remedy
        where = ", ".join(str(part) for part in (path, place) if part is not None)
        message = f"{where}: {reason}" if where else reason
        super().__init__(f"{message}. {remedy}." if remedy else f"{message}.")


class RecordingError(InputError):
    """A file is not a recording, is damaged beyond use, or has a newer format."""


class ImportLayoutError(InputError):
    """A folder to import breaks the import layout."""


class CalibrationError(InputError):
    """A saved calibration does not fit this recording."""


class CatalogueError(InputError):
    """A catalogue of tests and exercises is no TOML, or says what cannot be."""


class HistoryError(InputError):
    """The history is missing, newer or in use, or a session has no place in it."""


class HistoryDamagedError(HistoryError):
    """The history cannot be read any more; it is left as it is."""


class BrokerError(InputError):
    """A broker's address, its settings or a wearer's name cannot be used, or the broker does not answer."""


class OutputError(InputError):
    """An output cannot be written: it exists, its folder is missing, or the disk is full."""


class RadioError(InputError):
    """The Bluetooth adapter or a sensor cannot be used."""


class SensorNotFound(RadioError):  # noqa: N818  # the name says what happened
    """A sensor is not heard."""


class LinkError(RadioError):
    """A connection failed or broke."""


class PacketError(ImuhipError):
    """Bytes that are not a valid packet.

    Args:
        reason: What is wrong.
        position: Byte offset in the notification where it was found.
    """

    def __init__(self, reason: str, *, position: int) -> None:
        self.reason = reason
        self.position = position
        super().__init__(f"byte {position}: {reason}")
