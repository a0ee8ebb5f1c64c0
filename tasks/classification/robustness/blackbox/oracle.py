"""The network as a query-limited attack sees it: it answers, counts every answer, and stops at the budget."""

from collections.abc import Callable

import torch
from torch import Tensor

from harness.errors import HarnessError
from tasks.classification.robustness.attacks.attack import wrong
from tasks.classification.robustness.ball import Ball
from tasks.classification.robustness.blackbox.counting import Counting

Ask = Callable[[Tensor], Tensor]
"""Images (n, 3, h, w) to logits (n, classes), without a gradient."""


def in_chunks(logits: Ask, chunk: int) -> Ask:
    """`logits` asked without gradients, always for `chunk` images at once.

    The last call is filled up with its own last image, because kernels differ in the last digit between batch sizes: an
    answer then depends on no other image.
    """

    def ask(images: Tensor) -> Tensor:
        found = []
        with torch.no_grad():
            for start in range(0, len(images), chunk):
                part = images.detach()[start : start + chunk]
                filled = torch.cat((part, part[-1:].expand(chunk - len(part), *part.shape[1:])))
                found.append(logits(filled).detach()[: len(part)])
        return torch.cat(found)

    return ask


class Oracle:
    """Answers about some images, all of them answered rightly to begin with.

    Rows are indices into `originals`, int64 (k,) on the CPU; a row may stand there several times. An image that has fallen,
    or whose queries are used up, is answered no more: asking for it raises HarnessError, so that no attack can have more
    than its budget. Harness code alone decides what counts and what has fallen; `fell` is told how many just did.
    """

    def __init__(
        self,
        ask: Ask,
        originals: Tensor,
        labels: Tensor,
        ball: Ball,
        budget: int,
        counting: Counting,
        fell: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.originals, self.labels, self.ball = originals, labels, ball
        self.allowance = counting.allowance(budget)
        self.test_cost = int(counting.tests)
        count = len(originals)
        self.queries = torch.zeros(count, dtype=torch.int64)
        """Answers with scores given about each image, (n,)."""
        self.tests = torch.zeros(count, dtype=torch.int64)
        """Answers that said right or wrong alone, (n,)."""
        self.fallen = torch.zeros(count, dtype=torch.bool)
        self.last = originals.clone()
        """The image at which each fell, else the last candidate shown."""
        self.answers = torch.empty(0)
        """Logits (n, classes) of the images in `last`, once there are any; NaN where no candidate was shown."""
        self._ask, self._fell = ask, fell

    def able(self, queries: int, tests: int = 0) -> Tensor:
        """The rows that stand and may still have so many answers, int64 (k,)."""
        cost = queries + tests * self.test_cost
        return (~self.fallen & (self._used() + cost <= self.allowance)).nonzero().flatten()

    def scores(self, rows: Tensor, images: Tensor) -> Tensor:
        """Logits (k, classes) of any images: the steps of an estimate. One query a row; nothing falls by it."""
        self._spend(self.queries, rows, 1)
        return self._ask(images)

    def attempt(self, rows: Tensor, images: Tensor) -> Tensor:
        """Logits (k, classes) of candidates, one for an image; one fells it if it lies in ball and box. One query a row."""
        self._spend(self.queries, rows, 1)
        return self._judged(rows, images)[0]

    def test(self, rows: Tensor, images: Tensor) -> Tensor:
        """Which candidates are answered wrongly, bool (k,), and no scores. One test a row."""
        self._spend(self.tests, rows, self.test_cost)
        return self._judged(rows, images)[1]

    def _used(self) -> Tensor:
        return self.queries + self.tests * self.test_cost

    def _spend(self, account: Tensor, rows: Tensor, cost: int) -> None:
        """Count the rows before they are answered; raises HarnessError where one has no answer left."""
        asked = torch.bincount(rows, minlength=len(account))
        if bool((asked[self.fallen] > 0).any()):
            raise HarnessError("the attack asked for an image that has fallen; this is a defect of the attack")
        over = (asked > 0) & (self._used() + cost * asked > self.allowance)
        if bool(over.any()):
            row = int(over.nonzero()[0])
            raise HarnessError(
                f"the attack asked for image {row} of its batch {int(self._used()[row] + cost * asked[row])} times, and "
                f"{self.allowance} are allowed; this is a defect of the attack"
            )
        account += asked

    def check(self, rows: Tensor, images: Tensor) -> None:
        """Raise HarnessError where an image leaves ball or box."""
        if bool(self.ball.outside(images, self.originals[rows]).any()):
            raise HarnessError(
                f"the attack shows an image outside the {self.ball.norm} ball of radius {self.ball.radius:g} or outside "
                "[0, 1]; this is a defect of the attack"
            )

    def _judged(self, rows: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """The answers, and which are wrong; what falls is kept as it is."""
        if len(set(rows.tolist())) < len(rows):
            raise HarnessError("the attack shows two candidates for one image at once; this is a defect of the attack")
        answers = self._ask(images)
        fooled = wrong(answers, self.labels[rows]).cpu()
        if bool(fooled.any()):
            self.check(rows[fooled], images[fooled])
            self._fell(int(fooled.sum()))
        if not len(self.answers):
            self.answers = torch.full((len(self.originals), answers.shape[1]), torch.nan, device=answers.device)
        self.last[rows], self.answers[rows] = images, answers.to(self.answers.dtype)
        self.fallen[rows] = fooled
        return answers, fooled
