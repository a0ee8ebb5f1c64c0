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
            2: "e4359c9b36e0cc51875d8d690ef9b160ade17f9c8222dae1c05c20969a6cd278",
            3: "68ea8eaef18d2bdf183581f453d8ee1b5c5b2633b21218f862689e44f9997fa2",
            4: "8b9f082e4d826c3218afea8379d65163110ce22bb918a0d75889f03aefdab45a",
        }
    ),
)

SAMPLE_TRUTH: Mapping[int, str] = MappingProxyType(
    {
        2: "161b0fd0fbfa9d85b3be0357af9643d7a6bdf75f290ecb0a826ab1c2abac6afc",
        3: "0528b77aa35aa2deca9e3a7e818ca8d0f0cfb3095b14c86c57f3431dd58caacb",
        4: "4cf1ac3f35f5edbd130a7f6b992b7e5005b05ec4f8d3e1a9d012f69a708d549e",
    }
)
"""Scale -> digest of the generated sample's truth."""
