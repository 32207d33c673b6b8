"""Recordings: raw notifications, marks and losses in an MCAP file that survives a crash; and imports from CSV files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imuhip.recording.damage import Damage
    from imuhip.recording.format import Anchor, Loss, SessionInfo
    from imuhip.recording.importer import ImportReport, import_folder
    from imuhip.recording.info import recording_info
    from imuhip.recording.reader import Recording
    from imuhip.recording.salvage import RecoverReport, recover
    from imuhip.recording.writer import RecordingWriter

__all__ = [
    "Anchor",
    "Damage",
    "ImportReport",
    "Loss",
    "Recording",
    "RecordingWriter",
    "RecoverReport",
    "SessionInfo",
    "import_folder",
    "recording_info",
    "recover",
]

_MODULES = {
    "damage": ("Damage",),
    "format": ("Anchor", "Loss", "SessionInfo"),
    "importer": ("ImportReport", "import_folder"),
    "info": ("recording_info",),
    "reader": ("Recording",),
    "salvage": ("RecoverReport", "recover"),
    "writer": ("RecordingWriter",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used: reading must not pay for what writing needs."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
