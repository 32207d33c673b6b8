"""Virtual sessions with known truth: a source of notifications for tests, the demo and the figures.

::

    script.py       what the wearer does, as data: sessions, steps, movements (movements.py)
    wearer.py       how well they do it, and how their skin moves
    choreography.py script + wearer -> ramps of every joint angle over time, and the marks
    body.py         ramps -> orientation of pelvis and thighs, hip centres, skin
    truth.py        the angles from the stance zero, and everything else that an estimate is judged by
    sensors.py      body -> what error-prone sensors measure
    link.py         measurements -> notifications with clocks, jitter and loss
    session.py      the composition: ``simulate()``

Randomness comes from explicit seeds only; the same arguments give the same bits.
"""
