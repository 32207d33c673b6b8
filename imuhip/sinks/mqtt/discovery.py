"""The wearer's hip as a device in Home Assistant: one retained device message.

References:
    https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imuhip import __version__
from imuhip.sinks.mqtt.topics import Identity

BIRTH_TOPIC = "homeassistant/status"
BIRTH = b"online"
EXPIRE_S = 10
"""An angle that has not come anew for this long is unknown; summaries come once a second."""

ANGLES = {"flexion": "flexion", "adduction": "adduction", "internal_rotation": "internal rotation"}


def config_topic(identity: Identity) -> str:
    """Where Home Assistant looks for the device."""
    return f"homeassistant/device/{device_id(identity)}/config"


def device_id(identity: Identity) -> str:
    """The device's identifier: letters, digits, - and _ only. The length of the site keeps a_b/c and a/b_c apart."""
    return f"imuhip_{len(identity.site)}_{identity.site}_{identity.wearer}"


def device_message(identity: Identity, roles: Sequence[str], removed: Mapping[str, str]) -> dict[str, Any]:
    """The discovery message.

    Args:
        identity: Whose.
        roles: Where sensors are worn.
        removed: Platforms of components that were announced once and are no more, by their names.

    Returns:
        The payload.
    """
    gone: dict[str, Any] = {name: {"platform": platform} for name, platform in removed.items()}
    return {
        "dev": {
            "identifiers": [device_id(identity)],
            "name": f"imuhip {identity.wearer}",
            "manufacturer": "imuhip",
            "model": "Hip motion from body-worn sensors",
            "sw_version": __version__,
        },
        "o": {"name": "imuhip", "sw": __version__},
        "cmps": components(identity, roles) | gone,
    }


def components(identity: Identity, roles: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The entities by name: angles, last repetition, controlled range, flag, batteries, connection."""
    made: dict[str, dict[str, Any]] = {}
    if "pelvis" in roles:
        for side in ("right", "left"):
            if f"thigh_{side}" in roles:
                for key, words in ANGLES.items():
                    template = _value("hips", side, f"{key}_deg")
                    made[f"{side}_{key}"] = _angle(identity, f"{side.capitalize()} hip {words}", template)
        made["pelvis_tilt"] = _angle(identity, "Pelvis tilt", _value("pelvis", "tilt_deg"))
    else:
        for role in roles:
            template = _value("segments", role, "inclination_deg")
            made[f"{role}_inclination"] = _angle(identity, f"{_words(role)} inclination", template)
    made["last_rep"] = _event(identity, "Last repetition", "rep", _value("range_deg"), "mdi:counter", unit="°")
    made["controlled_range"] = _event(
        identity, "Controlled range", "rep", _value("controlled_range_deg"), "mdi:angle-acute", unit="°"
    )
    made["last_range_test"] = _event(
        identity, "Last range test", "range", _value("peak_deg"), "mdi:angle-obtuse", unit="°"
    )
    made["flag"] = _event(identity, "Flag", "flag", _value("level"), "mdi:flag")
    for role in roles:
        made[f"{role}_battery"] = _sensor(identity, f"{_words(role)} battery", "status") | {
            "value_template": _value("sensors", role, "battery_percent"),
            "device_class": "battery",
            "unit_of_measurement": "%",
            "entity_category": "diagnostic",
        }
    # Not "unavailable" when the connection is lost: that is just what it shows.
    made["connection"] = {
        "platform": "binary_sensor",
        "name": "Connection",
        "state_topic": identity.topic("status"),
        "value_template": "{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
        "device_class": "connectivity",
        "entity_category": "diagnostic",
    }
    for name, component in made.items():
        component["unique_id"] = f"{device_id(identity)}_{name}"
    return made


def _angle(identity: Identity, name: str, template: str) -> dict[str, Any]:
    return _sensor(identity, name, "summary") | {
        "value_template": template,
        "unit_of_measurement": "°",
        "state_class": "measurement",
        "suggested_display_precision": 0,
        "expire_after": EXPIRE_S,
        "icon": "mdi:angle-acute",
    }


def _event(
    identity: Identity, name: str, topic: str, template: str, icon: str, *, unit: str | None = None
) -> dict[str, Any]:
    made = _sensor(identity, name, topic) | {
        "value_template": template,
        "json_attributes_topic": identity.topic(topic),
        "icon": icon,
    }
    return made if unit is None else made | {"unit_of_measurement": unit}


def _sensor(identity: Identity, name: str, topic: str) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "name": name,
        "state_topic": identity.topic(topic),
        "availability": [
            {
                "topic": identity.topic("status"),
                "value_template": "{{ 'online' if value_json.state == 'online' else 'offline' }}",
            }
        ],
    }


def _value(*keys: str) -> str:
    """A template that reads a value; unknown where a message has none, as the last will."""
    inner = "value_json"
    for key in keys[:-1]:
        inner = f"({inner}.{key} | default({{}}))"
    return f"{{{{ {inner}.{keys[-1]} | default(none) }}}}"


def _words(role: str) -> str:
    return role.replace("_", " ").capitalize()
