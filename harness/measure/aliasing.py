"""How far a sensor that looks for a part of the time can be deceived by a load that is in step with it.

Sensors of A100 and H100 look for 25 of every 100 ms (arXiv 2312.02741): a load of period 100 ms is then always met in
the same phase, however long the window. Pauses of random length move the phase (MEASUREMENT, 3.12).
"""

ON_S = 0.025
EVERY_S = 0.1
SHORT_S = ON_S / 8
"""A load of this period goes round so often while the sensor looks that its phase hardly matters."""


def aliasing_bound(step_s: float, mean_w: float, low_w: float, high_w: float, phases: int = 1) -> float:
    """The largest share by which the mean can be off: a load of period `step_s` between `low_w` and `high_w`.

    The whole periods within the look average out; what is left of a period can be all high or all low. Over `phases`
    random ones the error is divided by their root.
    """
    rest = ON_S % step_s
    above, below = max(0.0, high_w - mean_w), max(0.0, mean_w - low_w)
    up = min(rest * above, (step_s - rest) * below)
    down = min(rest * below, (step_s - rest) * above)
    most: float = max(up, down) / (ON_S * mean_w * max(1, phases) ** 0.5)
    return most
