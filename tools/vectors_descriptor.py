"""Golden vectors of the descriptor."""

from __future__ import annotations

from vectors_entry import Vector, bad, good

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


def descriptors() -> list[Vector]:
    """All of them, in the order of the file."""
    return good_descriptors() + malformed_descriptors()


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
