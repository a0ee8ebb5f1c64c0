"""Columns: what a submission may hand in, and digests that do not depend on how answers were stored."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.columns import ColumnSpec, Ragged, Table, build_table, concatenate
from harness.rows import check_row, sizes_of

BOXES = ColumnSpec("boxes", "float32", (4,), ragged=True, group="boxes")
SCORES = ColumnSpec("scores", "float64", ragged=True, group="boxes")
LABEL = ColumnSpec("label", "int64")
NAME = ColumnSpec("name", "str")
EMBEDDING = ColumnSpec("embedding", "float32", (None,))
SPECS = (BOXES, SCORES, LABEL, NAME)


def row(draw: Any, count: int) -> dict[str, Any]:
    floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
    return {
        "boxes": draw(hnp.arrays(np.float32, (count, 4), elements=floats)),
        "scores": draw(hnp.arrays(np.float64, (count,), elements=floats)),
        "label": np.asarray(draw(st.integers(-(2**63), 2**63 - 1)), np.int64),
        "name": np.asarray(
            draw(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5))
        ),
    }


@st.composite
def tables(draw: Any, least: int = 1) -> Table:
    rows = [row(draw, draw(st.integers(0, 3))) for _ in range(draw(st.integers(least, 6)))]
    return build_table([f"id{i}" for i in range(len(rows))], rows, SPECS)


# -- conform ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("spec", "value", "reason"),
    [
        (BOXES, [[0.0, 0.0, 1.0]], r"boxes has shape \(1, 3\), expected \(k, 4\)"),
        (BOXES, [0.0, 0.0, 1.0, 1.0], r"boxes has shape \(4,\), expected \(k, 4\)"),
        (BOXES, [[0.0, 0.0, np.nan, 1.0]], "boxes has a value that is not finite"),
        (BOXES, [[0.0, 0.0, 1e300, 1.0]], "boxes has a value that is not finite"),
        (BOXES, [["a", "b", "c", "d"]], "boxes has dtype"),
        (SCORES, 0.5, r"scores has shape \(\), expected \(k\)"),
        (LABEL, 1.5, "label has dtype float64, expected int64"),
        (LABEL, [1], r"label has shape \(1,\), expected \(\)"),
        (LABEL, np.uint64(2**63), "label has values outside int64"),
        (ColumnSpec("small", "uint8"), 256, "small has values outside uint8"),
        (ColumnSpec("small", "uint8"), -1, "small has values outside uint8"),
        (LABEL, None, "label has dtype object"),
        (LABEL, {"label": 1}, "label has dtype object"),
        (EMBEDDING, [[1.0]], r"embedding has shape \(1, 1\), expected \(any\)"),
        (EMBEDDING, [1j], "embedding has dtype complex128"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(spec: ColumnSpec, value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        spec.conform(value)


def test_what_fits_has_the_columns_dtype_and_is_a_copy() -> None:
    given_boxes = np.arange(8, dtype=np.float64).reshape(2, 4)
    boxes = BOXES.conform(given_boxes)
    assert boxes.dtype == np.float32 and boxes.shape == (2, 4)
    given_boxes[:] = -1
    assert boxes[0, 1] == 1
    assert LABEL.conform(True) == 1 and LABEL.conform(np.int32(7)).dtype == np.int64
    assert NAME.conform("é").tolist() == "é"


@pytest.mark.parametrize("nothing", [[], (), np.empty(0), np.empty((0, 4), np.float32)])
def test_no_rows_are_an_answer(nothing: Any) -> None:
    assert BOXES.conform(nothing).shape == (0, 4)


def test_nan_is_kept_only_where_the_column_allows_it() -> None:
    assert np.isnan(ColumnSpec("time", "float64", finite=False).conform(np.nan))


# -- rows ------------------------------------------------------------------------------------------------------------
def a_row(**changed: Any) -> dict[str, Any]:
    return {
        "boxes": np.zeros((2, 4), np.float32), "scores": np.zeros(2), "label": np.int64(1), "name": np.asarray("x"), **changed,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"scores": np.zeros(3)}, "scores has 3 rows, boxes has 2"),
        (
            {"more": np.zeros(1)},
            "it has the columns boxes, label, more, name, scores; expected boxes, scores, label, name",
        ),
        ({"label": np.int32(1)}, "label has dtype int32, expected int64"),
        ({"scores": np.array([0.0, np.inf])}, "scores has a value that is not finite"),
    ],
)
def test_a_row_that_its_encoder_laid_out_wrongly_is_refused(changed: dict[str, Any], reason: str) -> None:
    check_row(a_row(), SPECS, {})
    with pytest.raises(ValueError, match=reason):
        check_row(a_row(**changed), SPECS, {})


def test_embeddings_have_one_length_over_all_samples_and_parts() -> None:
    stored = build_table(["a"], [{"embedding": np.zeros(3, np.float32)}], [EMBEDDING])
    sizes = sizes_of([stored], [EMBEDDING])
    check_row({"embedding": np.ones(3, np.float32)}, [EMBEDDING], sizes)
    with pytest.raises(ValueError, match=r"embedding has rows of shape \(4,\), those before it \(3,\)"):
        check_row({"embedding": np.ones(4, np.float32)}, [EMBEDDING], sizes)


def test_an_empty_row_need_not_know_the_size_that_the_others_chose() -> None:
    spec = ColumnSpec("vectors", "float32", (None,), ragged=True)
    rows = [{"vectors": spec.conform([])}, {"vectors": spec.conform(np.ones((2, 3)))}, {"vectors": spec.conform([])}]
    table = build_table("abc", rows, [spec])
    assert table.ragged("vectors").values.shape == (2, 3)
    parts = [build_table(id, [one], [spec]) for id, one in zip("abc", rows, strict=True)]
    assert concatenate(parts).digest() == table.digest()


# -- tables ----------------------------------------------------------------------------------------------------------
@given(tables(), st.data())
def test_take_gives_the_rows_asked_for_in_that_order(table: Table, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(range(len(table))), unique=True))
    taken = table.take(chosen)
    assert taken.ids == tuple(table.ids[i] for i in chosen)
    for index, origin in enumerate(chosen):
        assert all(np.array_equal(a, table.row(origin)[name]) for name, a in taken.row(index).items())
        assert taken.row_digest(index) == table.row_digest(origin)


@given(tables(least=2), st.data())
def test_digest_does_not_depend_on_the_cut_into_parts(table: Table, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(table) - 1))))
    edges = [0, *cuts, len(table)]
    parts = [table.take(range(a, b)) for a, b in pairwise(edges)]
    assert concatenate(parts).digest() == table.digest()


@given(tables(), st.data())
def test_digest_sees_every_value(table: Table, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(table) - 1))
    labels = table.dense("label").copy()
    labels[index] ^= 1
    changed = Table(table.ids, {**table.columns, "label": labels})
    assert changed.digest() != table.digest()
    assert changed.row_digest(index) != table.row_digest(index)


def one(value: Any) -> Table:
    return Table(("a",), {"x": np.array([value])})


def test_digests_are_canonical() -> None:
    assert one(-0.0).digest() == one(0.0).digest()
    quiet, other = np.array([0x7FF8000000000000, 0xFFF8000000000001], np.uint64).view(np.float64)
    assert one(quiet).digest() == one(other).digest() == one(np.nan).digest()
    assert Table(("a",), {"x": np.array([1.5], ">f8")}).digest() == one(1.5).digest()
    assert Table(("a",), {"x": np.array(["b"], "<U9")}).digest() == one("b").digest()


def test_digests_tell_apart_what_is_not_the_same() -> None:
    flat = np.arange(4.0)
    dense = Table(("a", "b"), {"x": flat.reshape(2, 2)})
    ragged = Table(("a", "b"), {"x": Ragged(flat, np.array([0, 2, 4]))})
    other = Table(("a", "b"), {"x": Ragged(flat, np.array([0, 1, 4]))})
    renamed = Table(("a", "b"), {"y": flat.reshape(2, 2)})
    single = Table(("a", "b"), {"x": flat.reshape(2, 2).astype(np.float32)})
    swapped = Table(("b", "a"), {"x": flat.reshape(2, 2)})
    found = [table.digest() for table in (dense, ragged, other, renamed, single, swapped)]
    assert len(set(found)) == len(found)
    assert len({table.row_digest(0) for table in (dense, ragged, other, renamed, single)}) == 5
    texts = [Table(("a", "b"), {"x": np.array(pair)}).digest() for pair in (["ab", "c"], ["a", "bc"])]
    assert texts[0] != texts[1]


def test_columns_that_do_not_fit_their_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="column x has 1 rows for 2 ids"):
        Table(("a", "b"), {"x": np.zeros(1)})
    for offsets in ([0, 2, 1, 3], [1, 3], [0, 2], []):
        with pytest.raises(ValueError, match="offsets do not rise"):
            Ragged(np.zeros(3), np.array(offsets, np.int64))
