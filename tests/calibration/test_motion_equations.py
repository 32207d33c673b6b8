"""What the equations of motion see, and what they must not."""

import numpy as np

from imuhip import rotation
from imuhip.calibration.arrow import ArrowSystem
from imuhip.calibration.motion_equations import SensorNoise, add_gravity
from imuhip.calibration.state import Layout, State
from imuhip.calibration.strapdown import Segments
from imuhip.units import GRAVITY_M_S2


def test_gravity_never_tells_a_heading_however_the_body_was_accelerated() -> None:
    layout = Layout(1, 1)
    state = State(
        np.broadcast_to(rotation.IDENTITY, (1, 2, 4)).copy(),
        np.zeros((1, 2, 3)),
        np.zeros((1, 3, 3)),
        np.zeros((1, 3)),
        np.zeros((1, 6)),
        rotation.IDENTITY[None],
    )
    segment = Segments(
        node_step=np.array([0, 30]),
        duration_s=np.array([1.2]),
        quat=state.quat_earth_from_w,
        turn_by_bias=np.zeros((1, 1, 3, 3)),
        turn_by_gain=np.zeros((1, 1, 3, 9)),
        force=np.array([[[1.5, -0.8, GRAVITY_M_S2 - 0.4]]]),
        force_by_bias=np.zeros((1, 1, 3, 3)),
        force_by_gain=np.zeros((1, 1, 3, 9)),
        slip_var=np.zeros((1, 1)),
        whole=np.ones((1, 1), dtype=np.bool_),
    )
    system = ArrowSystem(2, layout.node, layout.shared)
    add_gravity(system, layout, state, segment, SensorNoise(), np.full((1, 2), 1.0))
    turn = layout.turn(0)
    for node in (0, 1):
        seen = np.diag(system.diagonal[node, turn, turn])
        assert seen[:2].min() > 0
        assert np.allclose(system.diagonal[node, turn, turn][2], 0.0)
