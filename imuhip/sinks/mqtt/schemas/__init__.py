"""A JSON Schema (draft 2020-12) for every payload, with examples; the machine-readable half of TOPICS.md."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

NAMES = (
    "angles",
    "summary",
    "status",
    "meta",
    "rep",
    "range",
    "flag",
    "check",
    "cmd_mark",
    "cmd_stop",
    "cmd_resend",
)


def load_schema(name: str) -> dict[str, Any]:
    """Return a payload's schema.

    Args:
        name: One of :data:`NAMES`; the topic with ``_`` for ``/``.
    """
    schema: dict[str, Any] = json.loads(files(__package__).joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return schema
