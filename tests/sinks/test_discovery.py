"""Home Assistant finds the wearer, finds them again, and forgets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from mosquitto import Mosquitto, publish, reading, wait_for

from imuhip.sinks.mqtt.discovery import components, config_topic, device_message
from imuhip.sinks.mqtt.schemas import load_schema
from imuhip.sinks.mqtt.sink import MqttSink
from imuhip.sinks.mqtt.topics import Identity

OTTER = Identity("home", "otter")
TOPIC = "homeassistant/device/imuhip_4_home_otter/config"
MakeSink = Callable[..., MqttSink]

# The keys that Home Assistant documents for MQTT sensors and binary sensors, and for a device message:
# https://www.home-assistant.io/integrations/sensor.mqtt/, .../binary_sensor.mqtt/, .../mqtt/#device-discovery-payload
DEVICE_KEYS = {
    "configuration_url", "connections", "hw_version", "identifiers", "manufacturer", "model", "model_id", "name",
    "serial_number", "suggested_area", "sw_version", "via_device",
}  # fmt: skip
ORIGIN_KEYS = {"name", "sw", "sw_version", "url", "support_url"}
COMMON = {
    "platform", "availability", "availability_mode", "availability_template", "availability_topic", "default_entity_id",
    "device_class", "enabled_by_default", "encoding", "entity_category", "entity_picture", "expire_after",
    "force_update", "icon", "json_attributes_template", "json_attributes_topic", "name", "object_id",
    "payload_available", "payload_not_available", "qos", "state_topic", "unique_id", "value_template",
}  # fmt: skip
COMPONENT_KEYS = {
    "sensor": COMMON
    | {"last_reset_value_template", "options", "suggested_display_precision", "state_class", "unit_of_measurement"},
    "binary_sensor": COMMON | {"off_delay", "payload_off", "payload_on"},
}
AVAILABILITY_KEYS = {"topic", "payload_available", "payload_not_available", "value_template"}


def check_documented(message: dict[str, Any]) -> None:
    assert set(message) == {"dev", "o", "cmps"}
    assert set(message["dev"]) <= DEVICE_KEYS
    assert message["dev"]["identifiers"]
    assert set(message["o"]) <= ORIGIN_KEYS
    assert message["o"]["name"]
    for component in message["cmps"].values():
        assert set(component) <= COMPONENT_KEYS[component["platform"]], component
        for availability in component.get("availability", []):
            assert set(availability) <= AVAILABILITY_KEYS


@pytest.mark.parametrize(
    "roles",
    [["pelvis", "thigh_right"], ["pelvis", "thigh_left", "thigh_right"], ["thigh_left"], ["pelvis", "shank_right"]],
)
def test_the_device_message_has_documented_keys_only(roles: list[str]) -> None:
    message = device_message(OTTER, roles, {"old": "sensor"})
    check_documented(message)
    ids = [component["unique_id"] for name, component in message["cmps"].items() if name != "old"]
    assert len(set(ids)) == len(ids)
    assert message["cmps"]["old"] == {"platform": "sensor"}  # how a component is removed


def test_entities_for_angles_rep_controlled_range_flag_battery_and_connection() -> None:
    made = components(OTTER, ["pelvis", "thigh_right"])
    assert {
        "right_flexion", "right_adduction", "right_internal_rotation", "last_rep", "controlled_range", "flag",
        "pelvis_battery", "thigh_right_battery", "connection",
    } <= set(made)  # fmt: skip
    angle = made["right_flexion"]
    assert angle["state_topic"] == "imuhip/v1/home/otter/summary"  # once a second, never the live topic
    assert angle["expire_after"] <= 10
    assert made["connection"]["device_class"] == "connectivity"
    assert "availability" not in made["connection"]  # it must show "off", not "unavailable"


@pytest.mark.parametrize("roles", [["pelvis", "thigh_right", "thigh_left"], ["thigh_right"]])
def test_templates_show_the_values_of_every_example_and_unknown_where_there_is_none(roles: list[str]) -> None:
    # Home Assistant renders with Jinja too; "None" is its word for an unknown state.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    shown: dict[str, list[str]] = {}
    for name, component in components(OTTER, roles).items():
        template = environment.from_string(component["value_template"])
        examples = load_schema(component["state_topic"].rsplit("/", 1)[1])["examples"]
        shown[name] = [template.render(value_json=example) for example in examples]
    lost = -1
    assert shown["connection"] == ["ON", "OFF"]
    assert shown["thigh_right_battery"][lost] == "None"  # the last will knows no battery
    assert (shown["last_rep"], shown["controlled_range"]) == (["30.8"], ["31.2"])
    assert (shown["last_range_test"], shown["flag"]) == (["104.7"], ["amber"])
    if "pelvis" in roles:
        assert (shown["right_flexion"], shown["left_flexion"], shown["pelvis_tilt"]) == (["87.31"], ["None"], ["-6.02"])
        assert shown["pelvis_battery"] == ["81", "None"]
    else:
        assert shown["thigh_right_inclination"] == ["None"]  # the strap is elsewhere now


def test_the_device_is_announced_retained_and_again_at_home_assistants_birth(
    mosquitto: Mosquitto, make_sink: MakeSink
) -> None:
    sink = make_sink(mosquitto)
    assert sink.wait_connected(10)
    wait_for(lambda: "homeassistant" in mosquitto.log())
    with reading(mosquitto, "homeassistant/#") as reader:
        (message,) = reader.wait(TOPIC)
        assert reader.messages()[0]["retain"] == 1
        check_documented(message)
        publish(mosquitto, "homeassistant/status", "offline")
        publish(mosquitto, "homeassistant/status", "online")
        assert reader.wait(TOPIC, 2) == [message, message]
    mosquitto.kill()
    mosquitto.start()
    with reading(mosquitto, "homeassistant/#") as reader:
        assert reader.wait(TOPIC)[0] == message  # a broker that forgot is told again


def test_entities_of_a_forgotten_sensor_are_removed(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    with reading(mosquitto, TOPIC) as reader:
        first = make_sink(mosquitto, sensors={"pelvis": "m", "thigh_right": "m", "thigh_left": "m"})
        reader.wait(TOPIC, 1)
        first.close()
        second = make_sink(mosquitto)
        _, removing, after = reader.wait(TOPIC, 3)
        second.close()
        third = make_sink(mosquitto)
        last = reader.wait(TOPIC, 4)[3]
        third.close()
    left = {name for name in removing["cmps"] if removing["cmps"][name] == {"platform": "sensor"}}
    assert left == {"left_flexion", "left_adduction", "left_internal_rotation", "thigh_left_battery"}
    assert set(after["cmps"]) == set(removing["cmps"]) - left
    assert last == after


def test_discovery_can_be_left_out(mosquitto: Mosquitto, make_sink: MakeSink) -> None:
    with reading(mosquitto, "#") as reader:
        sink = make_sink(mosquitto, discovery=False)
        reader.wait("/status")
        sink.result("flag", {}, t_us=1, quality="none")
        reader.wait("/flag")
    assert not [m for m in reader.messages() if m["topic"].startswith("homeassistant")]
    assert config_topic(OTTER) == TOPIC
