"""Writes the golden vectors of firmware_protocol, or with --check says whether they are up to date.

Bytes and meanings are both written out here by hand from PROTOCOL.md, without the codec of the package, so that the
vectors can contradict it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "firmware_protocol" / "vectors"
Vector = dict[str, Any]

HEADER_1000 = "01 00 01 00 e8030000 404b4c0000000000 80969800 00000000"  # one sample, number 1000, at 5 s, 10 ms apart
SAMPLE_1 = "0100 0200 0300 0400 0500 0600"
PACKET_1000: Vector = {
    "sequence": 1000,
    "time_us": 5_000_000,
    "period_ns": 10_000_000,
    "drops": 0,
    "samples": [[1, 2, 3, 4, 5, 6]],
    "mag": None,
    "temperature": None,
}


def good(name: str, parts: list[str], expect: Vector) -> Vector:
    """A vector of bytes that mean something."""
    return {"name": name, "hex": bytes.fromhex("".join(parts)).hex(), "expect": expect}


def bad(name: str, parts: list[str], position: int, reason: str) -> Vector:
    """A vector of bytes that a reader refuses."""
    error = {"position": position, "reason": reason}
    return {"name": name, "hex": bytes.fromhex("".join(parts)).hex(), "error": error}


def normal_notifications() -> list[Vector]:
    """What sensors send all the time."""
    return [
        good("one sample", [HEADER_1000, SAMPLE_1], PACKET_1000),
        good(
            "worked example of PROTOCOL.md",
            [
                "01 03 02 00 e8030000 404b4c0000000000 68899800 07000000",
                "0000 0010 0000 6400 9cff 0000",
                "0100 0110 ffff 6500 9bff 0080",
                "c800 38ff 9001 2e0e",
            ],
            {
                "sequence": 1000,
                "time_us": 5_000_000,
                "period_ns": 9_996_648,
                "drops": 7,
                "samples": [[0, 4096, 0, 100, -100, 0], [1, 4097, -1, 101, -101, -32768]],
                "mag": [200, -200, 400],
                "temperature": 3630,
            },
        ),
        good(
            "magnetometer only",
            ["01 01", HEADER_1000[5:], SAMPLE_1, "ffff feff fdff"],
            PACKET_1000 | {"mag": [-1, -2, -3]},
        ),
        good("temperature only", ["01 02", HEADER_1000[5:], SAMPLE_1, "18fc"], PACKET_1000 | {"temperature": -1000}),
        good(
            "sixteen samples",
            ["01 00 10 00 10000000 0071020000000000 00000000 00000000", SAMPLE_1 * 16],
            PACKET_1000 | {"sequence": 16, "time_us": 160_000, "period_ns": 0, "samples": [[1, 2, 3, 4, 5, 6]] * 16},
        ),
    ]


def extreme_notifications() -> list[Vector]:
    """The ends of every field, and where the counters wrap."""
    return [
        good(
            "lowest and highest values",
            ["01 03", HEADER_1000[5:], "0080 ff7f 0080 ff7f 0080 ff7f", "ff7f 0080 ffff", "0080"],
            PACKET_1000
            | {
                "samples": [[-32768, 32767, -32768, 32767, -32768, 32767]],
                "mag": [32767, -32768, -1],
                "temperature": -32768,
            },
        ),
        good(
            "all zero",
            ["01 00 01 00 00000000 0000000000000000 00000000 00000000", "00" * 12],
            PACKET_1000 | {"sequence": 0, "time_us": 0, "period_ns": 0, "samples": [[0, 0, 0, 0, 0, 0]]},
        ),
        good(
            "largest header values: sequence wraps inside, drops about to wrap, last sensor time, longest period",
            ["01 00 02 00 ffffffff ffffffffffff1f00 00ca9a3b ffffffff", SAMPLE_1 * 2],
            {
                "sequence": 4_294_967_295,
                "time_us": 9_007_199_254_740_991,
                "period_ns": 1_000_000_000,
                "drops": 4_294_967_295,
                "samples": [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]],
                "mag": None,
                "temperature": None,
            },
        ),
        good(
            "the notification after it: sequence and drops have wrapped to 1 and 0",
            ["01 00 01 00 01000000 a086010000000000 80969800 00000000", SAMPLE_1],
            PACKET_1000 | {"sequence": 1, "time_us": 100_000},
        ),
        good(
            "sensor time beyond 32 bits",
            ["01 00 01 00 e8030000 00000000 01000000 80969800 00000000", SAMPLE_1],
            PACKET_1000 | {"time_us": 4_294_967_296},
        ),
        good(
            "255 samples",
            ["01 00 ff 00", HEADER_1000[11:], SAMPLE_1 * 255],
            PACKET_1000 | {"samples": [[1, 2, 3, 4, 5, 6]] * 255},
        ),
    ]


def later_notifications() -> list[Vector]:
    """What later versions may send; a reader of version 1 ignores what it does not know."""
    return [
        good("appended bytes are ignored", [HEADER_1000, SAMPLE_1, "deadbeef00"], PACKET_1000),
        good(
            "unknown flags and their fields are ignored", ["01 fc", HEADER_1000[5:], SAMPLE_1, "aabbccdd"], PACKET_1000
        ),
        good(
            "unknown flags beside known ones",
            ["01 ff", HEADER_1000[5:], SAMPLE_1, "0100 0200 0300", "c409", "aabb"],
            PACKET_1000 | {"mag": [1, 2, 3], "temperature": 2500},
        ),
        good("reserved byte is ignored", ["01 00 01 ff", HEADER_1000[11:], SAMPLE_1], PACKET_1000),
    ]


def malformed_notifications() -> list[Vector]:
    """What a reader refuses, and where."""
    short = "notification ends before its last field"
    return [
        bad("empty", [], 0, "notification ends inside its header"),
        bad("one byte", ["01"], 1, "notification ends inside its header"),
        bad("header without its last byte", [HEADER_1000[:-2]], 23, "notification ends inside its header"),
        bad("header only", [HEADER_1000], 24, short),
        bad("sample without its last byte", [HEADER_1000, SAMPLE_1[:-2]], 35, short),
        bad("one of two samples", ["01 00 02 00", HEADER_1000[11:], SAMPLE_1], 36, short),
        bad("magnetometer flagged and missing", ["01 01", HEADER_1000[5:], SAMPLE_1], 36, short),
        bad("magnetometer cut", ["01 01", HEADER_1000[5:], SAMPLE_1, "0100 0200 03"], 41, short),
        bad("temperature flagged and missing", ["01 02", HEADER_1000[5:], SAMPLE_1], 36, short),
        bad("temperature behind the magnetometer missing", ["01 03", HEADER_1000[5:], SAMPLE_1, "00" * 6], 42, short),
        bad("type 0", ["00", HEADER_1000[2:], SAMPLE_1], 0, "unknown type 0x00"),
        bad("type 2", ["02", HEADER_1000[2:], SAMPLE_1], 0, "unknown type 0x02"),
        bad("no samples", ["01 00 00 00", HEADER_1000[11:], SAMPLE_1], 2, "no samples"),
        bad(
            "sensor time 2^53",
            ["01 00 01 00 e8030000 0000000000002000 80969800 00000000", SAMPLE_1],
            8,
            "sensor time is 2^53 us or more",
        ),
        bad(
            "sensor time all ones",
            ["01 00 01 00 e8030000 ffffffffffffffff 80969800 00000000", SAMPLE_1],
            8,
            "sensor time is 2^53 us or more",
        ),
        bad(
            "period one nanosecond too long",
            ["01 00 01 00 e8030000 404b4c0000000000 01ca9a3b 00000000", SAMPLE_1],
            16,
            "sample period is longer than 1 s",
        ),
        bad("everything wrong: the type counts", ["07 ff 00 ff", "ff" * 20], 0, "unknown type 0x07"),
    ]


# a 104 Hz sensor, 8 g over 2^15 steps, 70 mdeg/s per step, nothing optional
DESCRIPTOR_HEAD = "5400 01 00 00000000 40960100 0800 d007"
SCALES = "08000000 00800000 46000000 e8030000 00000000 00000000"
NO_LOG = "00000000"
MODEL = "696d7568697020312062656c74" + "00" * 11  # "imuhip 1 belt"
FIRMWARE = "312e302e33" + "00" * 11  # "1.0.3"
DESCRIPTOR: Vector = {
    "model": "imuhip 1 belt",
    "firmware": "1.0.3",
    "rate_mhz": 104_000,
    "acc_range_g": 8,
    "gyr_range_deg_s": 2000,
    "acc_scale_g": [1, 4096],
    "gyr_scale_deg_s": [7, 100],
    "mag_scale_ut": None,
    "has_temperature": False,
    "log_samples": 0,
    "short_form": False,
}


def good_descriptors() -> list[Vector]:
    """What sensors say about themselves; scales are [numerator, denominator] in lowest terms."""
    full_head = "5400 01 00 07000000 40960100 0800 d007"
    full_scales = "08000000 00800000 46000000 e8030000 0f000000 64000000"
    full = DESCRIPTOR | {"mag_scale_ut": [3, 20], "has_temperature": True, "log_samples": 1_000_000}
    return [
        good("nothing optional", [DESCRIPTOR_HEAD, SCALES, NO_LOG, MODEL, FIRMWARE], DESCRIPTOR),
        good("everything optional", [full_head, full_scales, "40420f00", MODEL, FIRMWARE], full),
        good(
            "ends of the fields",
            [
                "5400 01 00 05000000 80969800 ffff ffff 01000000 ffffffff ffffffff 01000000 ffffffff ffffffff ffffffff",
                "7e" * 24,
                "20" * 16,
            ],
            {
                "model": "~" * 24,
                "firmware": " " * 16,
                "rate_mhz": 10_000_000,
                "acc_range_g": 65535,
                "gyr_range_deg_s": 65535,
                "acc_scale_g": [1, 4_294_967_295],
                "gyr_scale_deg_s": [4_294_967_295, 1],
                "mag_scale_ut": [1, 1],
                "has_temperature": False,
                "log_samples": 4_294_967_295,
                "short_form": False,
            },
        ),
        good(
            "appended fields are ignored",
            ["5800", DESCRIPTOR_HEAD[4:], SCALES, NO_LOG, MODEL, FIRMWARE, "12345678"],
            DESCRIPTOR,
        ),
        good("bytes beyond length are ignored", [DESCRIPTOR_HEAD, SCALES, NO_LOG, MODEL, FIRMWARE, "ff"], DESCRIPTOR),
        good(
            "unknown features and the reserved byte are ignored",
            ["5400 01 ff f0ffffff", DESCRIPTOR_HEAD[19:], SCALES, NO_LOG, MODEL, FIRMWARE],
            DESCRIPTOR,
        ),
        good(
            "fields of absent features are ignored",
            [DESCRIPTOR_HEAD, full_scales, "40420f00", MODEL, FIRMWARE],
            DESCRIPTOR,
        ),
        good(
            "short form",
            ["5400 01 00 08000000", DESCRIPTOR_HEAD[19:], SCALES, NO_LOG, MODEL, FIRMWARE],
            DESCRIPTOR | {"short_form": True},
        ),
        good("text after the first zero is ignored", [DESCRIPTOR_HEAD, SCALES, NO_LOG, MODEL, "0007" * 8], DESCRIPTOR)
        | {"expect": DESCRIPTOR | {"firmware": ""}},
    ]


def malformed_descriptors() -> list[Vector]:
    """What a reader refuses, and where."""
    tail = [NO_LOG, MODEL, FIRMWARE]
    rest = [SCALES, *tail]
    short = "descriptor is shorter than its length says"
    return [
        bad("empty", [], 0, "descriptor ends inside its header"),
        bad("two bytes", ["5400"], 2, "descriptor ends inside its header"),
        bad("version 0", ["5400 00", DESCRIPTOR_HEAD[7:], *rest], 2, "unknown descriptor version 0"),
        bad("version 2", ["5400 02", DESCRIPTOR_HEAD[7:], *rest], 2, "unknown descriptor version 2"),
        bad("length 83", ["5300", DESCRIPTOR_HEAD[4:], *rest], 0, "descriptor length 83 is less than 84"),
        bad("last byte missing", [DESCRIPTOR_HEAD, SCALES, NO_LOG, MODEL, FIRMWARE[:-2]], 83, short),
        bad("appended field missing", ["5800", DESCRIPTOR_HEAD[4:], *rest], 84, short),
        bad("rate 0", ["5400 01 00 00000000 00000000 0800 d007", *rest], 8, "rate of 0 mHz is not 1 Hz to 10 kHz"),
        bad(
            "rate over 10 kHz",
            ["5400 01 00 00000000 81969800 0800 d007", *rest],
            8,
            "rate of 10000001 mHz is not 1 Hz to 10 kHz",
        ),
        bad(
            "accelerometer scale zero",
            [DESCRIPTOR_HEAD, "00" * 4, SCALES[8:], *tail],
            16,
            "accelerometer scale is zero",
        ),
        bad(
            "gyroscope scale divides by zero",
            [DESCRIPTOR_HEAD, "08000000 00800000 46000000", "00" * 12, *tail],
            28,
            "gyroscope scale divides by zero",
        ),
        bad(
            "magnetometer without a scale",
            ["5400 01 00 01000000", DESCRIPTOR_HEAD[19:], *rest],
            32,
            "magnetometer scale is zero",
        ),
        bad(
            "escape character in the model",
            [DESCRIPTOR_HEAD, SCALES, NO_LOG, "691b" + "00" * 22, FIRMWARE],
            45,
            "text is not printable ASCII",
        ),
        bad(
            "byte beyond ASCII in the firmware",
            [DESCRIPTOR_HEAD, SCALES, NO_LOG, MODEL, "ff" + "00" * 15],
            68,
            "text is not printable ASCII",
        ),
    ]


def files() -> dict[str, str]:
    """Return the text of every vector file by name."""
    notifications = normal_notifications() + extreme_notifications() + later_notifications() + malformed_notifications()
    descriptors = good_descriptors() + malformed_descriptors()
    return {
        "notifications.json": text("data notification, type 0x01", notifications),
        "descriptors.json": text("descriptor, version 1", descriptors),
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
