"""Radii, steps and attacks in one spelling: else one meaning stands on two boards, or a radius is 255 times too large."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.options import RunOptions
from harness.scoring import plan_scoring
from tasks.classification.robustness.radii import parse_radius, parse_step, settled_step, step_of, value_of
from tasks.classification.robustness.tasks import cifar10_l2, cifar10_linf, imagenet_linf


def settings(task=None, **stated: str) -> dict:
    return dict(plan_scoring(task or cifar10_linf(), RunOptions(task="", settings=stated)).settings)


def chosen(**stated: str) -> dict:
    """What differs from the defaults: the part of the board's key."""
    task = cifar10_linf()
    usual = {spec.name: spec.default for spec in task.meta.settings}
    return {name: value for name, value in settings(task, **stated).items() if value != usual[name]}


@pytest.mark.parametrize("text", ["8/255", "0.03137254901960784", "0.0313725490196", "16/510", " 8/255 ", 8 / 255])
def test_one_radius_has_one_spelling(text):
    assert parse_radius(text, "linf") == "8/255"


def test_radii_that_people_confuse_are_told_apart():
    assert parse_radius("0.031", "linf") == "0.031"
    assert parse_radius("0.5", "l2") == "0.5"
    assert parse_radius("128/255", "l2") == "128/255"


@pytest.mark.parametrize(("text", "norm", "words"), [
    ("8", "linf", "it is written --eps 8/255"), ("1", "linf", "--eps 1/255"), ("128", "l2", "it is written --eps 0.502"),
    ("0", "linf", "must be above 0"), ("-1/255", "linf", "above 0"), ("nan", "linf", "expected a number or a fraction"),
    ("8/0", "linf", "expected a number"), ("inf", "l2", "expected a number"), ("eps", "linf", "such as 8/255"),
])  # fmt: skip
def test_what_is_no_radius_is_refused_with_what_to_write(text, norm, words):
    with pytest.raises(UsageError, match=words):
        parse_radius(text, norm)


@given(st.integers(1, 254), st.integers(1, 12))
def test_a_step_that_is_a_part_of_the_radius_is_written_as_such(levels, parts):
    radius = parse_radius(f"{levels}/255", "linf")
    stated = f"{levels / parts / 255!r}"
    assert (
        settled_step(parse_step(stated), radius) == f"eps/{parts}" == settled_step(parse_step(f"eps/{parts}"), radius)
    )
    assert step_of(f"eps/{parts}", radius) == value_of(radius) / parts


def test_defaults_stated_are_defaults():
    assert chosen(attack="pgd", steps="20", step_size="2/255", eps="8/255", restarts="1") == {"attack": "pgd"}
    assert chosen(attack="square", steps="5000") == {"attack": "square"}
    assert chosen(attack="pgd", steps="100", step_size="eps/10") == {
        "attack": "pgd",
        "steps": 100,
        "step_size": "eps/10",
    }
    assert chosen() == {}


@pytest.mark.parametrize(("stated", "words"), [
    ({"steps": "20"}, "the standard battery fixes its own parameters; name one attack"),
    ({"attack": "fgsm", "steps": "20"}, "--steps 20: fgsm has no such parameter; it has: --box, --loss"),
    ({"attack": "square", "loss": "dlr"}, "--loss dlr: square has no such parameter; it has: --restarts, --steps"),
    ({"attack": "pgd", "restarts": "0"}, "--restarts 0: it must be at least 1"),
    ({"attack": "pgd", "steps": "-3"}, "--steps -3: it must be at least 1"),
    ({"attack": "pgd", "step_size": "0"}, "--step-size 0: it must be above 0"),
    ({"attack": "pgd", "attack_backend": "autoattack"}, "pgd is the harness's own"),
    ({"attack": "cw"}, "it must be one of"),
])  # fmt: skip
def test_settings_that_contradict_each_other_are_refused(stated, words):
    with pytest.raises(UsageError, match=words):
        settings(**stated)


def test_each_task_has_its_customary_radius():
    radii = [settings(make())["eps"] for make in (cifar10_linf, cifar10_l2, imagenet_linf)]
    assert radii == ["8/255", "0.5", "4/255"]


def test_the_names_that_scoring_knows_are_those_that_the_attacks_have():
    pytest.importorskip("torch")
    from tasks.classification.robustness.attacks import ATTACKS
    from tasks.classification.robustness.attacks.losses import LOSSES
    from tasks.classification.robustness.choices import BATTERY, HAS, STANDARD
    from tasks.classification.robustness.choices import LOSSES as NAMES

    assert set(HAS) == {*ATTACKS, STANDARD} and set(BATTERY) <= set(ATTACKS)
    assert set(NAMES) == set(LOSSES)


@pytest.mark.parametrize(("flags", "words"), [
    (("--eps", "8"), "--eps 8/255"), (("--attack", "fgsm", "--steps", "3"), "fgsm has no such parameter"),
])  # fmt: skip
def test_the_command_line_refuses_in_one_sentence(cli, flags, words):
    done = cli("eval", "--task", "cifar10-linf", "--submission", "resnet2b", *flags)
    assert words in done.sentence(2)
