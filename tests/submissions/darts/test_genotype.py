"""Genotypes are read as data: by name, or as search scripts print them; what is none is refused with the place."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from submissions.darts.genotype import OPERATIONS, find_genotype, known_genotypes


def written(normal: object, normal_concat: object, reduce: object, reduce_concat: object) -> str:
    """As the search scripts of DARTS and its successors print a genotype."""
    return f"Genotype(normal={normal}, normal_concat={normal_concat}, reduce={reduce}, reduce_concat={reduce_concat})"


@st.composite
def cells(draw: st.DrawFn) -> tuple[list[tuple[str, int]], list[int]]:
    """The edges of a cell of 1 to 5 new states, and which of these are its answer."""
    states = draw(st.integers(1, 5))
    edges = [
        (draw(st.sampled_from(OPERATIONS)), draw(st.integers(0, 1 + state))) for state in range(states) for _ in (0, 1)
    ]
    return edges, draw(st.lists(st.integers(2, 1 + states), min_size=1, unique=True))


@given(cells(), cells())
def test_what_is_printed_is_read_back(normal, reduce) -> None:
    found = find_genotype(written(*normal, *reduce))
    assert (found.normal, found.normal_concat) == normal and (found.reduce, found.reduce_concat) == reduce


@pytest.mark.parametrize("name", sorted(known_genotypes()))
def test_the_known_ones_are_genotypes_with_a_source(name: str) -> None:
    known = find_genotype(name)
    assert known.source and len(known.normal) == len(known.reduce) == 8
    assert find_genotype(written(known.normal, "range(2, 6)", known.reduce, "range(2, 6)")).normal == known.normal


GOOD = [("skip_connect", 0), ("sep_conv_3x3", 1)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("PDART", "there is no such genotype; write one out, .* DARTS_V1, DARTS_V2, PDARTS"),
        ("", "there is no such genotype"),
        ("Genotype(normal=[('skip", "does not parse at character 19: unterminated string"),
        ("Genotype(normal=[)", "does not parse at character"),
        ("[1, 2]", "it must read Genotype"),
        ("Genotype([1])", "it must read Genotype"),
        ("Genotype(normal=[], reduce=[])", "missing required field `normal_concat`"),
        (written([("skip_connect", "0")] * 2, [2], GOOD, [2]), r"Expected `int`, got `str` - at `\$.normal"),
        (written(GOOD, "__import__('os').listdir()", GOOD, [2]), "is no list and no range"),
        (written(GOOD, "open('x')", GOOD, [2]), "is no list and no range"),
        (written(GOOD[:1], [2], GOOD, [2]), "normal cell has 1 edges; each new state needs two"),
        (written(GOOD, [2], [], [2]), "reduce cell has 0 edges"),
        (
            written([("nothing", 0), GOOD[0]], [2], GOOD, [2]),
            "normal cell has the operation 'nothing'; there are: max_pool",
        ),
        (
            written([GOOD[0], ("skip_connect", 2)], [2], GOOD, [2]),
            "reads state 2 at edge 2, where there are states 0 to 1",
        ),
        (written(GOOD, [1], GOOD, [2]), "normal cell answers with state 1; it makes states 2 to 2"),
        (written(GOOD, "range(2, 10**9)", GOOD, [2]), "malformed node|answers with state 3"),
        (written(GOOD, [], GOOD, [2]), "normal cell answers with no state"),
        ("(" * 5000 + "1" + ")" * 5000, "does not parse"),
    ],
)
def test_what_is_no_genotype_is_refused_with_the_place(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        find_genotype(text)


def test_the_command_line_says_it_in_a_sentence(cli, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    done = cli("cost", "p-darts", "--set", "genotype=Genotype(normal=[('skip_connect', 7), ('skip_connect', 0)])")
    assert "--set genotype does not parse: Object missing required field" in done.sentence(2)
