"""Cells from genotypes (`submissions.darts`), behind the three timed steps."""

from submissions.darts.model import build

__all__ = ["build"]
