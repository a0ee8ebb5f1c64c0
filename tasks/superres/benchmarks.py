"""The benchmarks that are scored this way: one row each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A set of high-resolution images."""

    id: str
    """The task's id."""
    folder: str
    """What the folder of the data set is called."""
    title: str
    images: tuple[str, ...]
    """Stems of its images' file names."""
    licence: str
    citation: str
    homepage: str
    truth: Mapping[int, str] = field(default_factory=dict)
    """Scale -> digest of the truth (`Table.digest`), where it is known: tells copies with other pixels apart."""


SET5 = Benchmark(
    id="set5",
    folder="Set5",
    title="Set5",
    images=("baby", "bird", "butterfly", "head", "woman"),
    licence="none stated; passed on with the code of super-resolution papers",
    citation=(
        "Bevilacqua, Roumy, Guillemot, Alberi-Morel: Low-complexity single-image super-resolution based on nonnegative "
        "neighbor embedding, BMVC 2012"
    ),
    homepage="http://people.rennes.inria.fr/Aline.Roumy/results/SR_BMVC12.html",
    truth=MappingProxyType(
        {
            2: "d995a32e19bc01823cb0208c813c9858aa9ec4fc45cc128edfee505cc6667e93",
            3: "51aba79bcb2d7b739d99523fbd69464a3719a726ef9d35a416fd918848abb8af",
            4: "d995a32e19bc01823cb0208c813c9858aa9ec4fc45cc128edfee505cc6667e93",
        }
    ),
)

SAMPLE_TRUTH = "7ea37f2346ad0054b35acc1d60c714477eac64d7170ccb6e125dfdf19787c9da"
"""Digest of the generated sample's truth, the same at every scale."""
