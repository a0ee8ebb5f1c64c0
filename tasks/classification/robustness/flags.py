"""From the evidence to the flags: RobustBench's conditions on what may be compared by these attacks.

RobustBench accepts networks with in general non-zero gradients, a deterministic forward pass and no optimisation loop in it
(README, "Evaluation of the robustness"); AutoAttack's ``flags_doc.md`` adds outputs that are probabilities and Square finding
more than the white-box attacks before it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.task import Flag
from tasks.classification.robustness.choices import CROSS_ENTROPY, GRADIENT_FREE
from tasks.classification.robustness.interface import NOT_ASKED

Columns = Mapping[str, NDArray[Any]]
OPTIMISES: Final = "backward_passes_in_forward"
DRIFT: Final = "answers_at_the_end"
SAME: Final = 1e-5
"""Share of the largest logit that sums of an accelerator in another order may differ by."""
GENERAL: Final = 0.01
"""Share of the attacked images that may lack a gradient where gradients are non-zero in general."""
SQUARE_GAIN: Final = 0.002
"""Share of all images that Square may fell after the white-box attacks: AutoAttack, checks.py."""
_NORMALISED: Final = 1e-5


def is_softmax(clean: NDArray[np.float32]) -> bool:
    """Whether all rows are probabilities: at least 0 and of sum 1, as AutoAttack's check has it."""
    sums = clean.astype(np.float64).sum(axis=1)
    return bool(
        clean.min() > -_NORMALISED and clean.max() < 1 + _NORMALISED and np.abs(sums - 1).max() < _NORMALISED * 10
    )


def without_gradient(norms: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where a gradient was asked for and is zero or no number, bool like `norms`."""
    asked = norms != NOT_ASKED
    found: NDArray[np.bool_] = asked & ~(np.isfinite(norms) & (norms > 0))
    return found


def gate_flags(columns: Columns, facts: Mapping[str, Any], attacks: Sequence[str]) -> tuple[Flag, ...]:
    """Every reason not to rank; `columns` are those of `metrics.statistics`, `facts` what the run noted."""
    found = [
        _random(columns, facts), _optimising(facts), _softmax(columns), *_gradients(columns, attacks), _square(columns, attacks),
    ]  # fmt: skip
    return tuple(flag for flag in found if flag is not None)


def _random(columns: Columns, facts: Mapping[str, Any]) -> Flag | None:
    worst = max(float(np.max(columns["repeat"], initial=0.0)), float(facts.get(DRIFT, 0.0)))
    if worst <= SAME:
        return None
    text = (
        f"two identical calls gave logits that differ by {worst:.2g} of the largest: the forward pass is random or keeps "
        "something from call to call, so one run of these attacks does not give its robustness"
    )
    return Flag(code="answers-change", text=text)


def _optimising(facts: Mapping[str, Any]) -> Flag | None:
    count = int(facts.get(OPTIMISES, 0))
    if not count:
        return None
    text = (
        f"one forward pass makes {count} backward passes of its own: the network optimises while it answers, which these "
        "attacks are not made for"
    )
    return Flag(code="optimisation-loop", text=text)


def _softmax(columns: Columns) -> Flag | None:
    if not bool(columns["softmax"].all()):
        return None
    text = (
        "the outputs are probabilities (not negative, of sum 1), not logits: a second softmax hides the gradients from "
        "attacks on the cross-entropy"
    )
    return Flag(code="softmax-output", text=text)


def _gradients(columns: Columns, attacks: Sequence[str]) -> list[Flag]:
    """Of the margin always; of the cross-entropy where no attack sees anything else."""
    asked = int((columns["margin_gradient"] != NOT_ASKED).sum())
    blind = attacks and all(name in CROSS_ENTROPY | GRADIENT_FREE for name in attacks)
    chosen = [("margin", "no_margin_gradient")] + [("cross-entropy", "no_loss_gradient")] * bool(blind)
    for what, name in chosen:
        count = int(columns[name].sum())
        if asked and count > GENERAL * asked:
            text = (
                f"the gradient of the {what} is zero or no number on {count} of {asked} attacked images: attacks by gradients "
                "cannot find what is there"
            )
            return [Flag(code="zero-gradients", text=text)]
    return []


def _square(columns: Columns, attacks: Sequence[str]) -> Flag | None:
    """Square after white-box attacks has only images that they left standing."""
    if "square" not in attacks or len(attacks) < 2:
        return None
    found = int((columns["fell"] == attacks.index("square")).sum())
    if found <= SQUARE_GAIN * len(columns["fell"]):
        return None
    text = (
        f"Square, which sees no gradients, fooled the network on {found} of {len(columns['fell'])} images that the white-box "
        "attacks had left standing: their gradients mislead"
    )
    return Flag(code="square-beats-white-box", text=text)
