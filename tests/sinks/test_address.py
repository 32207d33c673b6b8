"""Where to publish and as whom: what is refused, and what wins."""

from __future__ import annotations

from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError

from imuhip.errors import BrokerError
from imuhip.sinks.mqtt.address import Broker, Settings, is_loopback, load_settings, resolve_broker
from imuhip.sinks.mqtt.discovery import config_topic, device_id
from imuhip.sinks.mqtt.topics import Identity

NOTHING = Settings({})


class Vault(KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        if "locked" in username:
            raise KeyringError("locked")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@pytest.fixture
def vault() -> Vault:
    before = keyring.get_keyring()
    vault = Vault()
    keyring.set_keyring(vault)
    yield vault
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("mqtt://localhost", "localhost", 1883, False),
        ("mqtt://127.0.0.1:18830/", "127.0.0.1", 18830, False),
        ("mqtt://[::1]:1884", "::1", 1884, False),
        ("mqtts://broker.example", "broker.example", 8883, True),
        ("mqtts://broker.example:8884", "broker.example", 8884, True),
    ],
)
def test_addresses_are_read(url: str, host: str, port: int, tls: bool) -> None:
    broker = resolve_broker(url, NOTHING)
    assert (broker.host, broker.port, broker.tls) == (host, port, tls)


@pytest.mark.parametrize(
    "url",
    [
        "localhost",
        "http://localhost",
        "mqtt://",
        "mqtt://h:99999",
        "mqtt://h:x",
        "mqtts://h/topic",
        "mqtts://h?x=1",
        "",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(BrokerError, match="mqtt://localhost"):
        resolve_broker(url, NOTHING)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(BrokerError, match="IMUHIP_MQTT_PASSWORD") as refused:
        resolve_broker("mqtts://otter:hunter2@broker.example", NOTHING)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("host", ["broker.example", "192.0.2.7", "localhost.example", "127.0.0.1.example", "0.0.0.0"])
def test_a_plain_connection_leaves_this_computer_only_when_asked_for(host: str) -> None:
    with pytest.raises(BrokerError, match="--insecure"):
        resolve_broker(f"mqtt://{host}", NOTHING)
    assert resolve_broker(f"mqtt://{host}", NOTHING, insecure=True).host == host


@pytest.mark.parametrize(
    ("host", "loopback"), [("localhost", True), ("127.8.8.8", True), ("::1", True), ("10.0.0.1", False)]
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_password_is_never_shown() -> None:
    broker = Broker("h", 1883, username="otter", password="hunter2")
    assert "hunter2" not in repr(broker) + str(broker)


def settings_file(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_command_line_beats_environment_beats_file(tmp_path: Path) -> None:
    path = settings_file(tmp_path, '[mqtt]\nurl = "mqtts://file"\nusername = "f"\npassword = "pf"\nsite = "clinic"\n')
    settings = load_settings(path, {"IMUHIP_MQTT_USERNAME": "e", "IMUHIP_MQTT_URL": "mqtts://env"})
    assert settings.values["site"] == "clinic"
    from_environment = resolve_broker(None, settings)
    assert (from_environment.host, from_environment.username, from_environment.password) == ("env", "e", "pf")
    assert resolve_broker("mqtts://cli", settings).host == "cli"
    assert load_settings(tmp_path / "missing.toml", {}).values == {}


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = settings_file(tmp_path, '[mqtt]\npassword = "hunter2"\n', mode=0o640)
    with pytest.raises(BrokerError, match="chmod 600") as refused:
        load_settings(path, {})
    assert "hunter2" not in str(refused.value)
    assert load_settings(settings_file(tmp_path, '[mqtt]\nsite = "home"\n', mode=0o644), {}).values == {"site": "home"}


@pytest.mark.parametrize("text", ["[mqtt\n", "mqtt = 3\n", "[mqtt]\nport = 1883\n", '[mqtt]\nusernane = "x"\n', "\xff"])
def test_settings_that_mean_nothing_are_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BrokerError, match=r"settings\.toml"):
        load_settings(path, {})


def test_the_keyring_gives_the_password_of_user_and_host(vault: Vault) -> None:
    vault.set_password("imuhip", "otter@broker.example", "hunter2")
    settings = Settings({"username": "otter"})
    assert resolve_broker("mqtts://broker.example", settings).password == "hunter2"
    assert resolve_broker("mqtts://other.example", settings).password is None
    assert resolve_broker("mqtts://locked", Settings({"username": "locked"})).password is None
    assert (
        resolve_broker("mqtts://broker.example", Settings({"username": "otter", "password": "env"})).password == "env"
    )


def test_certificates_must_exist_and_need_tls(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    with pytest.raises(BrokerError, match="missing"):
        resolve_broker("mqtts://h", NOTHING, ca=ca)
    ca.write_text("")
    with pytest.raises(BrokerError, match="mqtts"):
        resolve_broker("mqtt://localhost", NOTHING, ca=ca)
    with pytest.raises(BrokerError, match="--cert"):
        resolve_broker("mqtts://h", NOTHING, key=ca)


@pytest.mark.parametrize("name", ["", "a/b", "#", "+", "Jane Doe", "müller", "-x", "a" * 33, "a.b", "a\n", "../x"])
def test_names_that_do_not_fit_into_a_topic_are_refused(name: str) -> None:
    with pytest.raises(BrokerError, match="pseudonym"):
        Identity("home", name)
    with pytest.raises(BrokerError, match="--site"):
        Identity(name, "otter")


def test_two_wearers_never_share_topics_files_or_devices() -> None:
    pairs = [Identity("a_b", "c"), Identity("a", "b_c"), Identity("a-b", "c"), Identity("a", "b-c")]
    for name in (lambda i: i.base, lambda i: i.key, config_topic, device_id):
        assert len({name(pair) for pair in pairs}) == len(pairs)
