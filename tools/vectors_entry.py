"""One golden vector: bytes, and what they mean or why a reader refuses them."""

from __future__ import annotations

from typing import Any

Vector = dict[str, Any]


def good(name: str, parts: list[str], expect: Vector) -> Vector:
    """A vector of bytes that mean something."""
    return {"name": name, "hex": bytes.fromhex("".join(parts)).hex(), "expect": expect}


def bad(name: str, parts: list[str], position: int, reason: str) -> Vector:
    """A vector of bytes that a reader refuses."""
    error = {"position": position, "reason": reason}
    return {"name": name, "hex": bytes.fromhex("".join(parts)).hex(), "error": error}
