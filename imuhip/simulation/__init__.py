"""Virtual sessions with known truth: a source of notifications for tests, the demo and the figures.

::

    script.py       what the wearer does, as data: sessions, steps, movements (movements.py) and manners (manner.py)
    wearer.py       how well they do it, and how their skin moves
    choreography.py script + wearer -> a plan: ramps of every joint angle over time, and the marks (plan.py);
                    director.py and practice.py are its parts
    body.py         plan -> orientation of pelvis, thighs and shanks, hip centres, skin (skin.py)
    strap.py        which sensor is where and when, and its path through space
    truth.py        the angles from the stance zero, and everything else that an estimate is judged by
    graded.py       truth -> what a perfect observer would measure of every repetition
    sensors.py      paths -> what error-prone sensors measure
    transmit.py     measurements -> notifications with clocks, jitter and loss
    simulate.py     the composition: ``simulate()``

Randomness comes from explicit seeds only; the same arguments give the same bits.
"""
