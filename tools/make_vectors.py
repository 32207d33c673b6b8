"""Writes the golden vectors of firmware_protocol, or with --check says whether they are up to date.

Bytes and meanings are both written out by hand from PROTOCOL.md (vectors_notification.py, vectors_descriptor.py,
vectors_command.py), without the codec of the package, so that the vectors can contradict it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from vectors_command import commands, replies
from vectors_descriptor import descriptors
from vectors_entry import Vector
from vectors_notification import notifications

FOLDER = Path(__file__).resolve().parents[1] / "firmware_protocol" / "vectors"


def files() -> dict[str, str]:
    """Return the text of every vector file by name."""
    return {
        "notifications.json": text("data notifications, type 0x01 and short form", notifications()),
        "descriptors.json": text("descriptor, version 1", descriptors()),
        "commands.json": text("commands to the sensor", commands()),
        "replies.json": text("replies of the sensor", replies()),
    }


def text(about: str, vectors: list[Vector]) -> str:
    """Return JSON with one vector a line, so that a change shows as one line."""
    lines = ",\n".join("  " + json.dumps(vector) for vector in vectors)
    return f'{{"about": {json.dumps(about)}, "made_by": "tools/make_vectors.py", "vectors": [\n{lines}\n]}}\n'


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a file differs")
    check = parser.parse_args().check
    outdated = [name for name, content in files().items() if _read(FOLDER / name) != content]
    for name in outdated:
        if check:
            print(f"{FOLDER / name} is out of date: run tools/make_vectors.py", file=sys.stderr)
        else:
            (FOLDER / name).write_text(files()[name], encoding="utf-8")
            print(f"wrote {name}")
    return 1 if check and outdated else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
