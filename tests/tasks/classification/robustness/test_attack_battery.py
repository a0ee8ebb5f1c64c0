"""The standard battery: what a run is without a word about attacks is what AutoAttack's authors fixed."""

import pytest

pytest.importorskip("torch")

from tasks.classification.robustness.attacks import build
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.choices import BATTERY


def test_the_standard_battery_is_that_of_autoattack() -> None:
    ball = Ball("linf", 0.01)
    facts = [build(name, {}, ball).facts() for name in BATTERY]
    told = [{key: value for key, value in one.items() if key != "rule"} for one in facts]
    assert told == [
        {"name": "apgd-ce", "loss": "ce", "steps": 100, "restarts": 1, "rho": 0.75},
        {"name": "apgd-t", "targets": 9, "steps": 100, "restarts": 1, "rho": 0.75},
        {"name": "fab-t", "targets": 9, "steps": 100, "restarts": 1, "alpha_max": 0.1, "eta": 1.05, "beta": 0.9},
        {"name": "square", "queries": 5000, "p_init": 0.8, "restarts": 1, "rescale": False},
    ]
