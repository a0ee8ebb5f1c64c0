"""The authors' own package run in place of our attacks: ``autoattack``, or ``pyautoattack`` as it is called on PyPI."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module, metadata, util
from typing import Any, Final

import torch
from torch import Tensor

from harness.errors import UsageError
from tasks.classification.robustness.attacks import build
from tasks.classification.robustness.attacks.apgd import Apgd, ApgdT
from tasks.classification.robustness.attacks.attack import Attack, Logits
from tasks.classification.robustness.attacks.fab import FabT
from tasks.classification.robustness.attacks.square import Square
from tasks.classification.robustness.attacks.targets import available
from tasks.classification.robustness.ball import Ball, Norm
from tasks.classification.robustness.streams import Streams

PACKAGES: Final = ("autoattack", "pyautoattack")
"""Names under which the package is imported, the first that is there being used."""

_NORMS: Final[Mapping[Norm, str]] = {"linf": "Linf", "l2": "L2"}
_FEWEST_CLASSES: Final[Mapping[str, int]] = {"apgd-dlr": 3, "apgd-t": 4}
"""Below these the package fails: its ratio divides by the third, or third and fourth, logit."""


def published(name: str, parameters: Mapping[str, Any]) -> "Published":
    """The package's attack of this name with these parameters, which are those of our own.

    Raises UsageError where the package is absent or has no such attack.
    """
    package = installed()
    if package is None:
        raise UsageError(
            "the package autoattack is not installed; install it (github.com/fra31/auto-attack, or pyautoattack on "
            "PyPI), or leave out --attack-backend"
        )
    attack = build(name, parameters, Ball("linf", 0.0))
    if not isinstance(attack, Apgd | ApgdT | FabT | Square):
        raise UsageError(f"the package {package} has no attack '{name}' of its own")
    return Published(attack, package)


def installed() -> str | None:
    """The name under which the package can be imported, None where it cannot."""
    return next((name for name in PACKAGES if util.find_spec(name) is not None), None)


@dataclass(frozen=True)
class Published(Attack):
    """An attack of the package, with the parameters of ours that it stands for.

    Its random numbers are one stream for a whole batch, so that a result depends on the batches.
    """

    own: Apgd | ApgdT | FabT | Square
    package: str

    @property
    def name(self) -> str:
        """The name of our attack."""
        return self.own.name

    def rule(self) -> str:
        """Whose rules hold."""
        return f"as the package {self.package} has it; random numbers: one stream a batch, from the seed"

    def facts(self) -> dict[str, Any]:
        """The parameters, the package and its version, None where it is no installed distribution."""
        return {**self.own.facts(), "rule": self.rule(), "package": self.package, "version": self._version()}

    def notes(self, classes: int) -> tuple[str, ...]:
        """That there are fewer targets than asked for."""
        return self.own.notes(classes)

    def __call__(self, logits: Logits, images: Tensor, labels: Tensor, ball: Ball, streams: Streams) -> Tensor:
        """What the package returns; raises UsageError for a box or a count of classes that it cannot do."""
        if (ball.low, ball.high) != (0.0, 1.0):
            raise UsageError(f"the package {self.package} knows no box but 0 to 1")
        # The package seeds the generators of the whole process.
        with torch.random.fork_rng(), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            attack = self._made(logits, self._targets(logits, images), ball, streams.seed, images.device)
            found: Tensor = attack.perturb(images, labels)
        return found.detach()

    def _made(self, logits: Logits, targets: int, ball: Ball, seed: int, device: torch.device) -> Any:
        own = self.own
        shared = {
            "norm": _NORMS[ball.norm],
            "n_restarts": own.restarts,
            "eps": ball.radius,
            "seed": seed,
            "device": device,
        }
        if isinstance(own, Square):
            shared |= {"n_queries": own.queries, "p_init": own.p_init, "resc_schedule": own.rescale}
            return self._part("square").SquareAttack(logits, **shared)
        shared["n_iter"] = own.steps
        if isinstance(own, Apgd):
            return self._part("autopgd_base").APGDAttack(logits, loss=own.loss, rho=own.rho, **shared)
        shared["n_target_classes"] = targets
        if isinstance(own, ApgdT):
            return self._part("autopgd_base").APGDAttack_targeted(logits, rho=own.rho, **shared)
        steps = {"alpha_max": own.alpha_max, "eta": own.eta, "beta": own.beta}
        return self._part("fab_pt").FABAttack_PT(logits, targeted=True, **steps, **shared)

    def _part(self, module: str) -> Any:
        return import_module(f"{self.package}.{module}")

    def _targets(self, logits: Logits, images: Tensor) -> int:
        classes = logits(images[:1]).shape[1]
        if classes < _FEWEST_CLASSES.get(self.name, 2):
            raise UsageError(f"the package {self.package} cannot run {self.name} on {classes} classes")
        return available(self.own.targets, classes) if isinstance(self.own, ApgdT | FabT) else 0

    def _version(self) -> str | None:
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return None
