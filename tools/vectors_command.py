"""Golden vectors of commands and replies, written out by hand from PROTOCOL.md."""

from __future__ import annotations

from vectors_entry import Vector, bad, good


def commands() -> list[Vector]:
    """What a host writes."""
    resend = {"command": "resend", "first": 1200, "count": 320}
    return [
        good("start", ["01"], {"command": "start"}),
        good("stop", ["02"], {"command": "stop"}),
        good(
            "configure",
            ["03 a0860100 0800 d007"],
            {"command": "configure", "rate_mhz": 100_000, "acc_range_g": 8, "gyr_range_deg_s": 2000},
        ),
        good(
            "configure the rate, leave the ranges",
            ["03 400d0300 0000 0000"],
            {"command": "configure", "rate_mhz": 200_000, "acc_range_g": 0, "gyr_range_deg_s": 0},
        ),
        good("identify for 5 s", ["04 05"], {"command": "identify", "seconds": 5}),
        good("end identify", ["04 00"], {"command": "identify", "seconds": 0}),
        good("battery", ["05"], {"command": "battery"}),
        good("time", ["06"], {"command": "time"}),
        good("resend", ["07 b0040000 40010000"], resend),
        good(
            "resend over the wrap",
            ["07 f8ffffff 10000000"],
            {"command": "resend", "first": 4_294_967_288, "count": 16},
        ),
        good("end a resend", ["07 00000000 00000000"], {"command": "resend", "first": 0, "count": 0}),
        good("appended bytes are ignored", ["07 b0040000 40010000 ff"], resend),
        good("appended bytes are ignored where there was none", ["01 00"], {"command": "start"}),
        bad("empty", [], 0, "command is empty"),
        bad("code 0", ["00"], 0, "unknown command 0x00"),
        bad("code 8", ["08 00"], 0, "unknown command 0x08"),
        bad("code of a reply", ["81"], 0, "unknown command 0x81"),
        bad("configure without ranges", ["03 a0860100"], 5, "command ends before its last field"),
        bad("identify without seconds", ["04"], 1, "command ends before its last field"),
        bad("resend with a byte too few", ["07 b0040000 400100"], 8, "command ends before its last field"),
    ]


def replies() -> list[Vector]:
    """What a sensor answers."""
    state = {"time_us": 15_303_040, "next": 1520, "oldest": 0, "measuring": True}
    battery = {"percent": 87, "charging": False, "millivolt": 3900}
    return [
        reply(
            "started",
            ["81 00 404b4c0000000000 00000000 00000000 00"],
            (0x01, 0),
            {"time_us": 5_000_000, "next": 0, "oldest": 0, "measuring": False},
        ),
        reply("measuring already", ["81 00 8081e90000000000 f0050000 00000000 01"], (0x01, 0), state),
        reply("stopped", ["82 00"], (0x02, 0), None),
        reply(
            "configured",
            ["83 00 a0860100 0800 d007"],
            (0x03, 0),
            {"rate_mhz": 100_000, "acc_range_g": 8, "gyr_range_deg_s": 2000},
        ),
        reply(
            "configured to the nearest rate",
            ["83 00 40960100 0800 d007"],
            (0x03, 0),
            {"rate_mhz": 104_000, "acc_range_g": 8, "gyr_range_deg_s": 2000},
        ),
        reply(
            "nowhere near, the nearest that is possible",
            ["83 03 806d0d00 1000 d007"],
            (0x03, 3),
            {"rate_mhz": 880_000, "acc_range_g": 16, "gyr_range_deg_s": 2000},
        ),
        reply("not while measuring", ["83 04"], (0x03, 4), None),
        reply("blinking", ["84 00"], (0x04, 0), None),
        reply("battery", ["85 00 57 00 3c0f"], (0x05, 0), battery),
        reply(
            "battery charging", ["85 00 64 01 6810"], (0x05, 0), {"percent": 100, "charging": True, "millivolt": 4200}
        ),
        reply(
            "battery not known", ["85 00 ff 00 0000"], (0x05, 0), {"percent": None, "charging": False, "millivolt": 0}
        ),
        reply("time", ["86 00 8081e90000000000 f0050000 00000000 01"], (0x06, 0), state),
        reply("will be sent again", ["87 00 b0040000 40010000"], (0x07, 0), {"first": 1200, "count": 320}),
        reply("not in the log", ["87 05 00100000 f0150000"], (0x07, 5), {"oldest": 4096, "next": 5616}),
        reply("busy", ["87 06"], (0x07, 6), None),
        reply("fault", ["81 07"], (0x01, 7), None),
        reply("unknown command", ["a3 01"], (0x23, 1), None),
        reply("empty command", ["80 02"], (0x00, 2), None),
        reply("malformed command", ["87 02"], (0x07, 2), None),
        reply("appended bytes are ignored", ["85 00 57 00 3c0f 0102"], (0x05, 0), battery),
        reply("unknown flags are ignored", ["85 00 57 fe 3c0f"], (0x05, 0), battery),
        bad("empty", [], 0, "reply ends inside its header"),
        bad("no status", ["81"], 1, "reply ends inside its header"),
        bad("code of a command", ["01 00"], 0, "0x01 is not the code of a reply"),
        bad("status 8", ["81 08"], 1, "unknown status 8"),
        bad(
            "state without its last byte",
            ["81 00 8081e90000000000 f0050000 00000000"],
            18,
            "reply ends before its last field",
        ),
        bad("settings missing", ["83 00"], 2, "reply ends before its last field"),
        bad("battery of 101 percent", ["85 00 65 00 0000"], 2, "battery of 101 percent"),
    ]


def reply(name: str, parts: list[str], head: tuple[int, int], value: Vector | None) -> Vector:
    """A vector of a reply, with the command's code and the status in ``head``."""
    code, status = head
    return good(name, parts, {"code": code, "status": status, "value": value})
