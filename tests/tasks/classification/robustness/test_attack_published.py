"""The authors' package against ours: equal robust accuracy within one image, where the package can be had."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from victims import convolutional, resnet2b  # noqa: E402

from harness.errors import UsageError  # noqa: E402
from tasks.classification.robustness.attacks import build  # noqa: E402
from tasks.classification.robustness.attacks import published as backend  # noqa: E402
from tasks.classification.robustness.ball import Ball  # noqa: E402

BALLS = [Ball("linf", 2 / 255), Ball("l2", 0.25)]
SHORT = {
    "apgd-ce": {"steps": 30},
    "apgd-dlr": {"steps": 30},
    "apgd-t": {"steps": 20, "targets": 3},
    "fab-t": {"steps": 20, "targets": 3},
    "square": {"queries": 300},
}
FULL = {"apgd-ce": {}, "apgd-dlr": {}, "apgd-t": {}, "fab-t": {"targets": 3}, "square": {"queries": 1000}}


@pytest.fixture
def package() -> str:
    found = backend.installed()
    if found is None:
        pytest.skip("neither autoattack nor pyautoattack is installed")
    return found


def _left(shared: Path, name: str, parameters: dict[str, int], ball: Ball, count: int) -> tuple[int, int]:
    """How many images ours and theirs leave, the latter's inside the ball checked."""
    victim = resnet2b(shared, count)
    theirs = victim.attacked(backend.published(name, parameters), ball)
    assert not ball.outside(theirs, victim.images).any()
    ours = victim.attacked(build(name, parameters, ball), ball)
    return int(victim.standing(ours).sum()), int(victim.standing(theirs).sum())


@pytest.mark.parametrize("ball", BALLS, ids=lambda ball: ball.norm)
@pytest.mark.parametrize("name", SHORT)
def test_short_runs_leave_as_many(package: str, shared: Path, name: str, ball: Ball) -> None:
    ours, theirs = _left(shared, name, SHORT[name], ball, 40)
    assert abs(ours - theirs) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("ball", BALLS, ids=lambda ball: ball.norm)
@pytest.mark.parametrize("name", FULL)
def test_full_runs_leave_as_many(package: str, shared: Path, name: str, ball: Ball) -> None:
    ours, theirs = _left(shared, name, FULL[name], ball, 200)
    assert abs(ours - theirs) <= 1


def test_the_record_names_package_and_version(package: str) -> None:
    facts = backend.published("square", {"queries": 7}).facts()
    assert (facts["package"], facts["queries"], facts["name"]) == (package, 7, "square")
    assert "version" in facts


def test_the_packages_seed_stays_its_own(package: str) -> None:
    """The package seeds the process's generators, which other code may rely on."""
    victim, ball = convolutional(classes=5), Ball("linf", 0.02)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    found = [victim.attacked(backend.published("square", {"queries": 5}), ball) for _ in range(2)]
    assert torch.equal(found[0], found[1])
    assert torch.equal(torch.rand(3), expected)


def test_what_the_package_cannot_do_is_said(package: str) -> None:
    with pytest.raises(UsageError, match="no attack 'pgd' of its own"):
        backend.published("pgd", {})
    few = convolutional(classes=3)
    with pytest.raises(UsageError, match="cannot run apgd-t on 3 classes"):
        few.attacked(backend.published("apgd-t", {}), Ball("linf", 0.02))
    with pytest.raises(UsageError, match="no box but 0 to 1"):
        few.attacked(backend.published("square", {}), Ball("linf", 0.02, -1.0, 1.0))


def test_its_absence_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "PACKAGES", ("no_such_package",))
    with pytest.raises(UsageError, match="the package autoattack is not installed; install it"):
        backend.published("apgd-ce", {})
