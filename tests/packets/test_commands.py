"""Commands and replies of our own protocol, at both ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.errors import PacketError
from imuhip.packets import commands
from imuhip.packets.commands import Reply, Status
from imuhip.packets.drivers import RADIO_DRIVERS
from imuhip.packets.gatt import BATTERY_LEVEL_UUID, Request
from imuhip.packets.own import OwnDriver

OWN = OwnDriver()
u8, u16, u32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
any_command = st.one_of(
    st.sampled_from([commands.Start(), commands.Stop(), commands.AskBattery(), commands.AskTime()]),
    st.builds(commands.Configure, u32, u16, u16),
    st.builds(commands.Identify, u8),
    st.builds(commands.Resend, u32, u32),
)
state = st.builds(commands.StreamState, st.integers(0, 2**53), u32, u32, st.booleans())
any_reply = st.one_of(
    st.builds(Reply, st.sampled_from([1, 6]), st.just(Status.OK), state),
    st.builds(
        Reply,
        st.just(3),
        st.sampled_from([Status.OK, Status.UNSUPPORTED]),
        st.builds(commands.Configure, u32, u16, u16),
    ),
    st.builds(
        Reply,
        st.just(5),
        st.just(Status.OK),
        st.builds(commands.Battery, st.none() | st.integers(0, 100), st.booleans(), u16),
    ),
    st.builds(Reply, st.just(7), st.just(Status.OK), st.builds(commands.Resend, u32, u32)),
    st.builds(Reply, st.just(7), st.just(Status.NOT_IN_LOG), st.builds(commands.LogSpan, u32, u32)),
    st.builds(Reply, st.integers(0, 127), st.sampled_from([Status.BUSY, Status.FAULT, Status.NOT_NOW])),
)


@given(any_command)
def test_commands_come_back_as_they_were(command: commands.Command) -> None:
    data = commands.encode_command(command)
    assert commands.decode_command(data) == command
    assert len(data) <= 20


@given(any_reply)
def test_replies_come_back_as_they_were_and_fit_the_smallest_link(reply: Reply) -> None:
    data = commands.encode_reply(reply)
    assert commands.decode_reply(data) == reply
    assert len(data) <= 20


@given(st.binary(max_size=24))
def test_any_bytes_are_a_command_or_get_a_reply_that_says_why_not(data: bytes) -> None:
    reply = commands.refusal(data)
    if reply is None:
        commands.decode_command(data)
    else:
        assert commands.decode_reply(commands.encode_reply(reply)).status in (Status.UNKNOWN_COMMAND, Status.MALFORMED)


@given(st.binary(max_size=24))
def test_any_bytes_are_a_reply_or_a_packet_error(data: bytes) -> None:
    try:
        reply = commands.decode_reply(data)
    except PacketError:
        return
    assert commands.encode_reply(reply)[:2] == data[:2]


@pytest.mark.parametrize(
    "command",
    [commands.Identify(256), commands.Resend(-1, 1), commands.Configure(2**32, 0, 0), commands.Resend(0, 2**32)],
)
def test_a_command_that_does_not_fit_is_refused(command: commands.Command) -> None:
    with pytest.raises(PacketError):
        commands.encode_command(command)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(1, Status.OK),
        Reply(2, Status.OK, commands.LogSpan(0, 0)),
        Reply(7, Status.OK, commands.LogSpan(0, 0)),
        Reply(5, Status.OK, commands.Battery(300, charging=False, millivolt=0)),
    ],
)
def test_a_reply_with_the_wrong_value_is_refused(reply: Reply) -> None:
    with pytest.raises(PacketError):
        commands.encode_reply(reply)


def reply_to(request: Request, status: Status, value: commands.Value = None) -> bytes:
    assert request.data is not None
    return commands.encode_reply(Reply(request.data[0], status, value))


def test_the_driver_knows_the_reply_to_its_request() -> None:
    (start,) = OWN.start(100.0)
    answer = OWN.answer(
        start, commands.CONTROL_UUID, reply_to(start, Status.OK, commands.StreamState(1, 2, 2, measuring=False))
    )
    assert answer is not None
    assert not answer.problem
    (stop,) = OWN.stop()
    assert OWN.answer(start, commands.CONTROL_UUID, reply_to(stop, Status.OK)) is None
    assert OWN.answer(start, commands.DATA_UUID, reply_to(start, Status.FAULT)) is None


def test_the_driver_says_what_was_refused() -> None:
    (configure,) = OWN.configure(123.0)
    nearest = commands.Configure(104_000, 8, 2000)
    answer = OWN.answer(configure, commands.CONTROL_UUID, reply_to(configure, Status.UNSUPPORTED, nearest))
    assert answer is not None
    assert "104 Hz, 8 g and 2000 deg/s" in answer.problem
    resend = OWN.resend(5, 6)
    assert resend is not None
    gone = OWN.answer(resend, commands.CONTROL_UUID, reply_to(resend, Status.NOT_IN_LOG, commands.LogSpan(9, 10)))
    assert gone is not None
    assert "no longer in the sensor's log" in gone.problem
    cut = OWN.answer(resend, commands.CONTROL_UUID, b"\x87")
    assert cut is not None
    assert cut.problem


def test_a_sensor_that_measures_already_keeps_its_settings() -> None:
    (configure,) = OWN.configure(100.0)
    answer = OWN.answer(configure, commands.CONTROL_UUID, reply_to(configure, Status.NOT_NOW))
    assert answer is not None
    assert not answer.problem


def test_the_battery_is_read_from_the_reply() -> None:
    request = OWN.battery
    assert request is not None
    reply = reply_to(request, Status.OK, commands.Battery(87, charging=True, millivolt=3900))
    assert OWN.battery_percent(reply) == 87
    unknown = reply_to(request, Status.OK, commands.Battery(None, charging=False, millivolt=0))
    assert OWN.battery_percent(unknown) is None
    with pytest.raises(PacketError):
        OWN.battery_percent(commands.encode_reply(Reply(2, Status.OK)))


def test_the_first_driver_asked_is_our_own() -> None:
    assert isinstance(RADIO_DRIVERS[0], OwnDriver)
    assert BATTERY_LEVEL_UUID == "00002a19-0000-1000-8000-00805f9b34fb"
