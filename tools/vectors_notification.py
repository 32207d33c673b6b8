"""Golden vectors of the data notification, ordinary and short."""

from __future__ import annotations

from vectors_entry import Vector, bad, good

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


def notifications() -> list[Vector]:
    """All of them, in the order of the file."""
    ordinary = normal_notifications() + extreme_notifications() + later_notifications()
    return ordinary + short_notifications() + malformed_notifications()


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


def short_notifications() -> list[Vector]:
    """The short form: 20 bytes, one sample."""
    sample = {"period_ns": 0, "samples": [[1, 2, 3, 4, 5, 6]], "mag": None, "temperature": None}
    return [
        good(
            "short form",
            ["e803 404b4c00 07 80", SAMPLE_1],
            sample | {"sequence": 1000, "time_us": 5_000_000, "drops": 7},
        ),
        good(
            "short form, counters about to wrap",
            ["ffff ffffffff ff 80", "0080 ff7f 0080 ff7f 0080 ff7f"],
            sample
            | {
                "sequence": 65535,
                "time_us": 4_294_967_295,
                "drops": 255,
                "samples": [[-32768, 32767, -32768, 32767, -32768, 32767]],
            },
        ),
        good(
            "short form after it: all counters have wrapped",
            ["0000 10270000 00 80", SAMPLE_1],
            sample | {"sequence": 0, "time_us": 10_000, "drops": 0},
        ),
        good(
            "short form with unknown flags",
            ["e803 404b4c00 07 ff", SAMPLE_1],
            sample | {"sequence": 1000, "time_us": 5_000_000, "drops": 7},
        ),
        bad("an ordinary one cut to 20 bytes", [HEADER_1000[:-9]], 20, "notification ends inside its header"),
        bad(
            "short form with a byte too few",
            ["e803 404b4c00 07 80", SAMPLE_1[:-2]],
            19,
            "notification ends inside its header",
        ),
        bad(
            "short form with a byte too many",
            ["e803 404b4c00 07 80", SAMPLE_1, "00"],
            21,
            "notification ends inside its header",
        ),
    ]
