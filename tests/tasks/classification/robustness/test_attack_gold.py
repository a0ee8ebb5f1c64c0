"""ResNet-2B of alpha-beta-CROWN on 200 real images of CIFAR-10, against what was measured with other code."""

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from victims import resnet2b  # noqa: E402

from tasks.classification.robustness.attacks import build  # noqa: E402
from tasks.classification.robustness.ball import Ball  # noqa: E402

GRADIENT_STEPS = [("pgd7_rs_step_eps/4", 7, 4), ("pgd20_rs_step_eps/4", 20, 4), ("pgd100_rs_step_eps/10", 100, 10)]


@pytest.fixture(scope="module")
def gold(shared: Path) -> dict[str, Any]:
    return json.loads((shared / "gold" / "robustness.json").read_text())["cifar_resnet2b_200"]["results"]["resnet2b"]


def test_clean_answers_are_those_of_the_gold(shared: Path, gold: dict[str, Any]) -> None:
    assert len(resnet2b(shared).images) == gold["clean"]
    assert len(resnet2b(shared, 100).images) == gold["clean_first100"]


@pytest.mark.parametrize("eps", [2, 8])
def test_one_step_fells_what_it_fells_in_the_gold(shared: Path, gold: dict[str, Any], eps: int) -> None:
    victim, ball = resnet2b(shared), Ball("linf", eps / 255)
    found = victim.attacked(build("fgsm", {}, ball), ball)
    assert victim.standing(found).sum() == gold[f"fgsm_eps{eps}"]


@pytest.mark.parametrize("eps", [2, 8])
@pytest.mark.parametrize(("key", "steps", "parts"), GRADIENT_STEPS)
@pytest.mark.parametrize("stop", [True, False])
def test_pgd_leaves_as_many_as_the_gold(
    shared: Path, gold: dict[str, Any], eps: int, key: str, steps: int, parts: int, stop: bool
) -> None:
    """The starts are random: one or two images more or fewer are the same strength."""
    victim, ball = resnet2b(shared), Ball("linf", eps / 255)
    attack = build("pgd", {"steps": steps, "step_size": ball.radius / parts, "stop_at_success": stop}, ball)
    found = victim.attacked(attack, ball)
    assert not ball.outside(found, victim.images).any()
    assert abs(int(victim.standing(found).sum()) - gold[f"{key}_eps{eps}"]) <= 2


@pytest.mark.slow
def test_auto_pgd_leaves_as_many_as_the_published_package(shared: Path, gold: dict[str, Any]) -> None:
    victim, ball = resnet2b(shared, 100), Ball("linf", 2 / 255)
    first, then = (build(name, {}, ball) for name in ("apgd-ce", "apgd-t"))
    left = victim.take(victim.standing(victim.attacked(first, ball)))
    found = left.attacked(then, ball)
    assert not ball.outside(found, left.images).any()
    assert abs(len(left.images) - 61) <= 1  # ../shared/protocols/pixels.md
    assert abs(int(left.standing(found).sum()) - gold["aa_apgdce_apgdt_eps2_first100"]) <= 1
