"""If these fail, compiled code reads memory that it was not given, or old code computes in silence."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from harness import kernels
from harness.kernels import Kernel, KernelError


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The loader without its memory of the library that is loaded."""
    monkeypatch.setattr(kernels, "library", kernels.library.__wrapped__)
    return monkeypatch


def order(**changed: object) -> int:
    arguments = {
        "n_images": 1, "limit": 9, "offsets": np.array([0, 2]), "category": np.zeros(2, np.int32),
        "score": np.array([0.1, 0.2]), "order": np.empty(2, np.int64), "rank": np.empty(2, np.int32),
        "kept": np.empty(2, np.int64),
    } | changed  # fmt: skip
    types = "int64", "int64", "int64[]", "int32[]", "float64[]", "int64[]", "int32[]", "int64[]"
    return Kernel("coco_order", *types)(*arguments.values())


def test_a_kernel_runs() -> None:
    rows = np.empty(2, np.int64)
    assert order(order=rows) == 2
    assert rows.tolist() == [1, 0]


@pytest.mark.parametrize(
    "changed",
    [
        {"category": np.zeros(2, np.int64)},
        {"score": np.zeros((2, 2))[:, 0]},
        {"score": [0.1, 0.2]},
        {"offsets": np.array([0, 2], np.int32)},
        {"offsets": np.array([0, 2], ">i8")},
    ],
)
def test_arrays_of_another_layout_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="contiguous"):
        order(**changed)


def test_a_wrong_number_of_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match="takes 1 arguments, got 2"):
        Kernel("coco_order", "int64")(1, 2)


def test_a_missing_library_says_how_to_build_it(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fresh.setattr(kernels, "LIBRARY", tmp_path / "libkernels.so")
    with pytest.raises(KernelError, match=r"is missing: run 'pip install"):
        kernels.library()


def test_a_library_of_other_sources_is_refused(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "kernels.h").write_text("/* newer */")
    fresh.setattr(kernels, "_SOURCES", tmp_path)
    with pytest.raises(KernelError, match="other sources"):
        kernels.library()


def test_an_installed_library_needs_no_sources(fresh: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copy(kernels.LIBRARY, tmp_path / "libkernels.so")
    fresh.setattr(kernels, "LIBRARY", tmp_path / "libkernels.so")
    fresh.setattr(kernels, "_SOURCES", tmp_path / "native")
    assert kernels.library().kernels_source_digest()
