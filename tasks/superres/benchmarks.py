"""The benchmarks that are scored this way: one row each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import repeat
from types import MappingProxyType

Size = tuple[int, int]
"""Height, width in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A set of high-resolution images."""

    id: str
    """The task's id."""
    folder: str
    """What the folder of the data set is called."""
    other_folders: tuple[str, ...] = ()
    """What other distributions call it."""
    title: str
    images: tuple[str, ...]
    """Stems of its images' file names."""
    spellings: tuple[tuple[str, str], ...] = ()
    """Regular expressions for the beginnings of other names in use, and what they stand for."""
    sizes: Mapping[str, tuple[Size, ...]] = field(default_factory=dict)
    """The sizes that an image may have; empty where they are not known."""
    licence: str
    citation: str
    homepage: str
    truth: Mapping[int, str] = field(default_factory=dict)
    """Scale -> digest of the truth (`Table.digest`), where it is known: tells copies with other pixels apart."""
    notice: str = ""

    def canonical(self, stem: str) -> str:
        """A file name's stem with this project's spelling of the image's name."""
        for pattern, name in self.spellings:
            stem = re.sub(rf"^{pattern}", name, stem)
        return stem


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
            8: "b5fa9195149ba3eba82fcc9828213bb3d00e2f597d056b594e28a7702ace1eb3",
        }
    ),
)

_SET14: Mapping[str, Size] = {
    "baboon": (480, 500),
    "barbara": (576, 720),
    "bridge": (512, 512),
    "coastguard": (288, 352),
    "comic": (361, 250),
    "face": (276, 276),
    "flowers": (362, 500),
    "foreman": (288, 352),
    "lenna": (512, 512),
    "man": (512, 512),
    "monarch": (512, 768),
    "pepper": (512, 512),
    "ppt3": (656, 529),
    "zebra": (391, 586),
}
SET14 = Benchmark(
    id="set14",
    folder="Set14",
    title="Set14",
    images=tuple(_SET14),
    spellings=(("lena", "lenna"), ("peppers", "pepper")),
    sizes=MappingProxyType({name: (size,) for name, size in _SET14.items()}),
    licence="none stated; passed on with the code of super-resolution papers",
    citation="Zeyde, Elad, Protter: On single image scale-up using sparse-representations, Curves and Surfaces 2010",
    homepage="https://sites.google.com/site/romanzeyde/research-interests",
    notice="The images of Set14 are recognised by their names and sizes, not by their pixels.",
)

_B100 = """
3096 8023 12084 14037 16077 19021 21077 24077 33039 37073 38082 38092 41033 41069 42012 42049 43074 45096 54082 55073
58060 62096 65033 66053 69015 69020 69040 76053 78004 85048 86000 86016 86068 87046 89072 97033 101085 101087 102061
103070 105025 106024 108005 108070 108082 109053 119082 123074 126007 130026 134035 143090 145086 147091 148026 148089
156065 157055 159008 160068 163085 167062 167083 170057 175032 175043 182053 189080 196073 197017 208001 210088 216081
219090 220075 223061 227092 229036 236037 241004 241048 253027 253055 260058 271035 285079 291000 295087 296007 296059
299086 300091 302008 304034 304074 306005 351093 361010 376043 385039
"""
B100 = Benchmark(
    id="b100",
    folder="B100",
    other_folders=("BSD100", "BSDS100"),
    title="B100 (the test images of BSDS300)",
    images=tuple(_B100.split()),
    sizes=MappingProxyType(dict(zip(_B100.split(), repeat(((321, 481), (481, 321))), strict=False))),
    licence="non-commercial research and educational use (Berkeley Segmentation Dataset)",
    citation=(
        "Martin, Fowlkes, Tal, Malik: A database of human segmented natural images and its application to evaluating "
        "segmentation algorithms and measuring ecological statistics, ICCV 2001"
    ),
    homepage="https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/",
    notice="The images of B100 are recognised by their names and sizes, not by their pixels.",
)

URBAN100 = Benchmark(
    id="urban100",
    folder="Urban100",
    title="Urban100",
    images=tuple(f"img{number:03d}" for number in range(1, 101)),
    spellings=((r"img_(?=\d{3})", "img"),),
    licence="not checked; see the homepage",
    citation="Huang, Singh, Ahuja: Single image super-resolution from transformed self-exemplars, CVPR 2015",
    homepage="https://github.com/jbhuang0604/SelfExSR",
    notice=(
        "The images of Urban100 are recognised by their names and number alone. A copy was in use whose originals had "
        "another resolution at x2 and x3 (nmhkahn/CARN-pytorch, issue 2); scores on it are not comparable."
    ),
)

SAMPLE_TRUTH: Mapping[int, str] = MappingProxyType(
    {
        2: "7ea37f2346ad0054b35acc1d60c714477eac64d7170ccb6e125dfdf19787c9da",
        3: "7ea37f2346ad0054b35acc1d60c714477eac64d7170ccb6e125dfdf19787c9da",
        4: "7ea37f2346ad0054b35acc1d60c714477eac64d7170ccb6e125dfdf19787c9da",
        8: "84c8a4ba01e68d916bf182e34ada3164a0404258a34df2435175dd54e35bb9a1",
    }
)
"""Scale -> digest of the generated sample's truth; at x8 pictures are cropped."""
