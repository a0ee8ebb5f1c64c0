"""Success rates and numbers of queries against their definitions, counted out image by image."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from tasks.classification.robustness.blackbox.choices import settle
from tasks.classification.robustness.blackbox.metrics import numbers, success_curve
from tasks.classification.robustness.blackbox.parameters import Situation, chosen, own, parse_parameters
from tasks.classification.robustness.blackbox.tasks import cifar10_blackbox, imagenet_blackbox

NAMES = [metric.name for metric in cifar10_blackbox().meta.metrics]
IMAGE = st.tuples(st.booleans(), st.booleans(), st.integers(1, 12), st.integers(0, 3))


def restated(images, budget):
    """`images` is a list of (right, fell, queries), an image as often as it counts."""
    attacked = [one for one in images if one[0]]
    fallen = [one[2] for one in attacked if one[1]]
    every = [one[2] if one[1] else budget for one in attacked]
    share = lambda part, whole: 100 * part / whole if whole else None  # noqa: E731
    return {
        "robust_accuracy": share(len(attacked) - len(fallen), len(images)),
        "clean": share(len(attacked), len(images)),
        "success_rate": share(len(fallen), len(attacked)),
        "mean_queries": sum(fallen) / len(fallen) if fallen else None,
        "median_queries": statistics.median(fallen) if fallen else None,
        "mean_queries_all": sum(every) / len(every) if every else None,
        "median_queries_all": statistics.median(every) if every else None,
    }


@given(st.lists(IMAGE, min_size=1, max_size=12))
def test_numbers_are_those_of_the_definition(drawn):
    images = [(right, fell and right, queries) for right, fell, queries, _ in drawn]
    weights = np.array([[one[3] for one in drawn], [1] * len(drawn)], np.uint16)
    columns = {
        "right": np.array([one[0] for one in images]),
        "fell": np.array([one[1] for one in images]),
        "queries": np.array([one[2] for one in images], np.int64),
    }
    found = numbers(columns, 12, weights, NAMES)
    for row, times in enumerate(weights.tolist()):
        repeated = [one for one, count in zip(images, times, strict=True) for _ in range(count)]
        for name, value in restated(repeated, 12).items():
            got = None if np.isnan(found[name][row]) else float(found[name][row])
            assert got == value, (name, repeated)


def test_the_curve_ends_at_success_rate_and_budget():
    right, fell = np.array([True, True, True, False, True]), np.array([True, True, False, False, True])
    columns = {"right": right, "fell": fell, "queries": np.array([3, 7, 10, 0, 3])}
    x, y = success_curve(columns, 10)
    assert x.tolist() == [0, 3, 3, 7, 7, 10] and y.tolist() == [0, 0, 50, 50, 75, 75]
    assert y[-1] == numbers(columns, 10, np.ones((1, 5)), ["success_rate"])["success_rate"][0]


def settled(task=cifar10_blackbox, **stated):
    plain = {spec.name: spec.default for spec in task().meta.settings}
    if "parameters" in stated:
        stated["parameters"] = parse_parameters(stated["parameters"])
    return dict(task().settle({**plain, **stated}))


def test_one_meaning_has_one_spelling():
    assert settled() == settled(
        attack="square", norm="linf", eps="0.031372549019607843", max_queries=10_000, parameters="p_init=0.80"
    )
    assert settled(attack="ppba") == settled(attack="ppba", norm="l2", eps="0.50", max_queries=2000, form="described")
    assert settled(attack="nes", parameters="pairs=20,fd_eta=1/10")["parameters"] == "pairs=20"
    assert settled()["eps"] == "8/255" and settled(imagenet_blackbox)["eps"] == "0.05"
    assert settled(imagenet_blackbox, attack="ppba")["eps"] == "5"


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ({"attack": "ppba", "norm": "linf"}, "--norm linf: ppba is made for l2 only"),
        ({"attack": "nes", "form": "released"}, "only ppba has two forms"),
        ({"max_queries": -1}, "--max-queries -1"),
        ({"eps": "8"}, "written --eps 8/255"),
        ({"eps": "x"}, "expected a number or a fraction"),
        ({"attack": "nes", "parameters": "tile=3"}, "nes has fd_eta, image_step, pairs"),
        ({"attack": "bandits", "parameters": "tile=33"}, "the images have 32 pixels a side"),
        ({"attack": "bandits", "parameters": "tile=2.5"}, "must be a whole number"),
        ({"attack": "ppba", "parameters": "low_dim=900"}, "raise freq_dim or lower low_dim"),
        ({"parameters": "p_init=2"}, "at most 1"),
        ({"parameters": "p_init"}, "expected NAME=NUMBER"),
        ({"parameters": "p_init=0"}, "must be above 0"),
        ({"parameters": "p_init=.1,p_init=.2"}, "stands there twice"),
    ],
)
def test_what_contradicts_itself_is_refused(stated, says):
    with pytest.raises(UsageError, match=says.replace("(", r"\(")):
        settled(**stated)


def test_own_parameters_are_those_of_the_authors():
    """MadryLab/blackbox-bandits src/configs/*.json; theFool32/PPBA main.py."""
    from fractions import Fraction

    linf = Situation(norm="linf", radius=Fraction("0.05"), side=224)
    euclidean = Situation(norm="l2", radius=Fraction(5), side=224)
    assert own("bandits", linf) == {
        "fd_eta": 0.1, "image_step": 0.01, "prior_step": 100.0, "exploration": 1.0, "tile": 50,
    }  # fmt: skip
    assert own("bandits", euclidean) == {
        "fd_eta": 0.01, "image_step": 0.5, "prior_step": 0.1, "exploration": 0.01, "tile": 50,
    }  # fmt: skip
    assert own("nes", linf) == {"fd_eta": 0.1, "image_step": 0.01, "pairs": 50}
    assert own("nes", euclidean) == {"fd_eta": 0.1, "image_step": 0.3, "pairs": 5}
    assert own("ppba", euclidean) == {"low_dim": 1500, "freq_dim": 28, "rho": 0.01}
    inception = Situation(norm="l2", radius=Fraction(5), side=299)
    assert own("ppba", inception) == {"low_dim": 1500, "freq_dim": 38, "rho": 0.01}
    assert chosen("bandits", "tile=4", Situation(norm="linf", radius=Fraction(1, 20), side=64))["tile"] == 4


def test_settings_need_no_torch():
    import subprocess
    import sys

    code = (
        "import sys; from tasks.classification.robustness.blackbox.tasks import cifar10_blackbox as t; t(); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_settle_is_the_tasks_own():
    found = settle({**settled(), "norm": "own", "eps": "own", "max_queries": 0}, {"linf": "1/255"}, 32)
    assert (found["norm"], found["eps"], found["max_queries"]) == ("linf", "1/255", 10_000)
