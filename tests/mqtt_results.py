"""Results as a sink takes them, for the tests of publishing."""

from __future__ import annotations

from imuhip.sinks.mqtt.sink import MqttSink

NOW_US = 1_763_704_800_000_000
BASE = "imuhip/v1/home/otter"

RANGE = {
    "name": "flexion", "side": "right", "mode": "active", "position": "supine", "phase": "pre", "start_s": 3.0,
    "end_s": 9.0, "trials_deg": [104.2], "peak_deg": 104.2, "uncertainty_deg": 4.0, "relative_only": False,
    "start_deg": 1.0, "pelvis_excursion_deg": 9.0, "thigh_deg": 96.0, "reference": "pelvis",
}  # fmt: skip
REP = {
    "exercise": "bridge", "side": "right", "start_s": 1.0, "top_s": 2.0, "end_s": 3.0, "range_deg": 40.0,
    "peak_deg": 41.0, "lift_s": 1.0, "hold_s": 0.5, "lower_s": 1.0, "peak_speed_deg_s": 60.0, "sparc": -1.6,
    "off_axis": 3.0, "faults": [{"id": "flung", "value": 0.4, "limit": 0.8}], "good": False,
}  # fmt: skip
FLAG = {"rule": "A", "level": "amber", "motion": "flexion", "side": "right", "message": "m", "evidence": {"x": 1}}


def range_result(sink: MqttSink, number: int) -> None:
    sink.result("range", RANGE | {"peak_deg": float(number)}, t_us=NOW_US + number, quality="good")
