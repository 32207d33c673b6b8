"""How well a wearer does what the script says, and how the skin under the thigh sensor follows the bone."""

from __future__ import annotations

import numpy as np

from imuhip.records import record
from imuhip.simulation.movements import Triple


@record
class Wearer:
    """What separates a wearer from the script.

    Attributes:
        pose_sd_deg: Spread of every hip angle and of the pelvis' attitude at each still pose but the first stance,
            which is the zero.
        side_lying_roll_sd_deg: Spread of the pelvis' roll about its long axis when lying on the side.
        coupling: Off-axis hip motion as a share of the main one, its direction drawn anew for every movement.
        pelvis_share: Least and greatest share of a movement that the pelvis takes over from the hip.
        range_sd: Spread of the range of whole movements, as a share; repetitions vary by a quarter of it.
        tempo_sd: Spread of the duration of phases, as a share.
        pelvis_tilt_deg: Tilt (> 0 posterior) and lean of the anatomical pelvis frame in the stance: (about z, about x).
        hip_deg: Anatomical hip angles in the stance, right leg and left alike.
        sway_deg: RMS of each pelvis and hip angle's sway when standing.
        breath_deg: Amplitude of the pelvis' pitch with the breath.
    """

    pose_sd_deg: float = 0.0
    side_lying_roll_sd_deg: float = 0.0
    coupling: float = 0.0
    pelvis_share: tuple[float, float] = (0.0, 0.0)
    range_sd: float = 0.05
    tempo_sd: float = 0.0
    pelvis_tilt_deg: tuple[float, float] = (0.0, 0.0)
    hip_deg: Triple = (0.0, 0.0, 0.0)
    sway_deg: float = 0.35
    breath_deg: float = 0.2

    @classmethod
    def perfect(cls) -> Wearer:
        """Takes every pose exactly and moves in pure planes; only sways and breathes."""
        return cls()

    @classmethod
    def real(cls, seed: int) -> Wearer:
        """Poses off by 3-5 deg, pelvis rolled by 8 on the side, planes coupled by 6 %, a pelvis that shares 5-25 %."""
        rng = np.random.default_rng([seed, 10])
        flexion, adduction, rotation = rng.normal(0.0, 4.0, 3)
        return cls(
            pose_sd_deg=float(rng.uniform(3.0, 5.0)),
            side_lying_roll_sd_deg=8.0,
            coupling=0.06,
            pelvis_share=(0.05, 0.25),
            range_sd=0.1,
            tempo_sd=0.08,
            # The ISB pelvis plane is tilted forward by 10-13 deg in stance.
            pelvis_tilt_deg=(float(rng.normal(-11.5, 4.0)), float(rng.normal(0.0, 1.5))),
            hip_deg=(float(11.5 + flexion), float(adduction / 2), float(rotation)),
            sway_deg=float(rng.uniform(0.3, 0.5)),
            breath_deg=float(rng.uniform(0.15, 0.35)),
        )


@record
class SoftTissue:
    """How the thigh sensor's skin turns against the bone.

    Attributes:
        flexion_deg: Angle at 90 deg of hip flexion, in proportion below and above.
        flexion_axis: Unit vector in the thigh about which that happens.
        rotation_lag: Share of the bone's rotation about its long axis that the skin does not follow.
        wobble_hz: Natural frequency of the tissue as a damped spring driven by the thigh's angular acceleration.
        wobble_damping: Its damping ratio.
    """

    flexion_deg: float
    flexion_axis: Triple
    rotation_lag: float
    wobble_hz: float = 6.0
    wobble_damping: float = 0.4

    @classmethod
    def real(cls, seed: int) -> SoftTissue:
        """4 deg at 90 deg of flexion about an axis of the wearer's own, and a lag of 10-30 % of rotation."""
        rng = np.random.default_rng([seed, 11])
        axis = rng.standard_normal(3)
        x, y, z = (float(part) for part in axis / np.linalg.norm(axis))
        return cls(flexion_deg=4.0, flexion_axis=(x, y, z), rotation_lag=float(rng.uniform(0.1, 0.3)))
