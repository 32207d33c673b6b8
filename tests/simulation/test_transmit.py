import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from imuhip.packets.blocks import split_by_sensor
from imuhip.packets.codec import decode_notification
from imuhip.packets.descriptor import decode_descriptor
from imuhip.packets.own import OwnDriver
from imuhip.simulation.script import range_test_session, short_session
from imuhip.simulation.sensors import SensorErrors
from imuhip.simulation.simulate import SimulatedSession, simulate
from imuhip.simulation.transmit import lose, silenced


@pytest.fixture(scope="module")
def made() -> SimulatedSession:
    return simulate(range_test_session(), seed=7)


def test_every_notification_is_valid_in_our_own_protocol(made: SimulatedSession) -> None:
    block = made.notifications()
    data = block.data.tobytes()
    for start, stop in zip(block.offset[:200], block.offset[1:201], strict=True):
        assert len(decode_notification(data[start:stop]).samples) == 8
    assert decode_descriptor(made.sensors[0].descriptor).rate_mhz == 100_000
    for sensor_block in split_by_sensor(block, 2):
        assert not OwnDriver().decode(sensor_block).bad


def test_what_arrives_is_what_was_measured_but_for_quantisation(made: SimulatedSession) -> None:
    driver = OwnDriver()
    for info, block in zip(made.sensors, split_by_sensor(made.notifications(), 2), strict=True):
        columns = driver.decode(block)
        scales = driver.scales(info.descriptor)
        samples = made.samples[info.role]
        first = np.searchsorted(samples.tick_us, columns.tick_us)
        row = (first[:, None] + np.arange(8)).ravel()
        assert_array_equal(samples.tick_us[first], columns.tick_us)
        acc, gyr = columns.motion[:, :3] * scales.acc_m_s2, columns.motion[:, 3:] * scales.gyr_rad_s
        assert_allclose(acc, samples.acc_m_s2[row], atol=0.51 * scales.acc_m_s2)
        assert_allclose(gyr, samples.gyr_rad_s[row], atol=0.51 * scales.gyr_rad_s)


def test_arrivals_follow_their_last_sample_by_one_or_two_connection_intervals(made: SimulatedSession) -> None:
    driver = OwnDriver()
    block = made.notifications()
    assert (np.diff(block.arrival_ns) >= 0).all()
    for info, own in zip(made.sensors, split_by_sensor(block, 2), strict=True):
        samples = made.samples[info.role]
        last = np.searchsorted(samples.tick_us, driver.decode(own).tick_us) + 7
        delay_s = (own.arrival_ns - made.truth.host_ns[0]) * 1e-9 - samples.time_s[last]
        assert delay_s.min() > 0.0009
        assert np.quantile(delay_s, 0.01) < 0.006
        assert 0.015 < np.quantile(delay_s, 0.99) < 0.11


def test_sensor_clocks_are_off_by_their_ppm_and_start_anywhere(made: SimulatedSession) -> None:
    rates = [
        np.diff(samples.tick_us[[0, -1]])[0] * 1e-6 / np.diff(samples.time_s[[0, -1]])[0] - 1
        for samples in made.samples.values()
    ]
    assert max(np.abs(rates)) <= 50e-6
    assert rates[0] != rates[1]
    assert len({int(samples.tick_us[0]) for samples in made.samples.values()}) == 2


def test_a_hundredth_is_lost_in_bursts() -> None:
    lost = lose(200_000, SensorErrors(), np.random.default_rng(3))
    assert_allclose(lost.mean(), 0.01, rtol=0.1)
    bursts = np.count_nonzero(np.diff(lost.astype(int)) == 1)
    assert 2.5 < lost.sum() / bursts < 3.5
    assert not lost[0]


def test_losses_show_in_the_sequence_and_in_the_drop_counter(made: SimulatedSession) -> None:
    for block in split_by_sensor(made.notifications(), 2):
        columns = OwnDriver().decode(block)
        missing = np.diff(columns.sequence) - 8
        assert missing.sum() > 0
        assert_array_equal(np.diff(columns.drops), missing)


def test_an_ideal_radio_loses_nothing() -> None:
    made = simulate(short_session(), seed=1, errors=SensorErrors.none())
    assert len(made.notifications()) == sum(len(samples.time_s) // 8 for samples in made.samples.values())


def test_silenced_sensors_say_nothing_in_those_spans_and_the_rest_stays():
    block = simulate(short_session(), seed=3, errors=SensorErrors(loss=0.0)).notifications()
    at = block.arrival_ns
    spans = [(int(at[100]), int(at[160])), (int(at[300]), int(at[301]))]
    parts = silenced(block, [1], spans)
    gone = (block.sensor == 1) & (((at >= at[100]) & (at < at[160])) | ((at >= at[300]) & (at < at[301])))
    assert gone.any()
    assert np.concatenate([part.arrival_ns for part in parts]).tolist() == at[~gone].tolist()
    assert np.concatenate([part.sensor for part in parts]).tolist() == block.sensor[~gone].tolist()
    assert silenced(block, [0, 1], [(0, int(at[-1]) + 1)]) == []
