"""If these fail, the project does not install where no compiler is, or its digits depend on the compiler."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
BACKEND = ROOT / "build_backend" / "kernel_build.py"

pytest.importorskip("setuptools", minversion="77", reason="the build backend wraps setuptools")
if not BACKEND.exists():
    pytest.skip("the sources are not here", allow_module_level=True)

# Scores random data and prints what it got, bit by bit.
PROBE = """
import hashlib, json, sys
from pathlib import Path
import numpy as np
import harness.kernels as kernels
kernels.LIBRARY = Path(sys.argv[1])
sys.path.insert(0, sys.argv[2])
from coco_cases import random_case
from tasks.detection.coco.formats import _plain_results
from tasks.detection.coco.metrics import Parameters, accumulate, match
from tasks.detection.coco.resampling import replicates
digest = hashlib.sha256()
for seed in range(30):
    truth, found = random_case(seed, most=30)
    matches = match(truth, found, Parameters())
    for cells in accumulate(matches, 3, Parameters()):
        digest.update(cells.tobytes())
    weights = np.random.default_rng(seed).integers(0, 4, (20, 6)).astype(np.uint16)
    for values in replicates(matches, 3, Parameters(), weights).values():
        digest.update(values.tobytes())
rng = np.random.default_rng(0)
rows = [{"image_id": 1, "category_id": 1, "bbox": b, "score": s}
        for b, s in zip((rng.random((5000, 4)) * 999).tolist(), rng.random(5000).tolist())]
results = _plain_results(json.dumps(rows).encode())
digest.update(results.boxes_xywh.tobytes() + results.scores.tobytes())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def backend() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kernel_build", BACKEND)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def scored_with(library: Path) -> str:
    command = [sys.executable, "-c", PROBE, str(library), str(ROOT / "tests" / "helpers")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.slow
def test_every_compiler_gives_the_same_digits(
    backend: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zig, system = backend.zig_compiler(), backend.system_compiler()
    if zig is None or system is None:
        pytest.skip("needs a system compiler and the package 'ziglang' side by side")
    unoptimised = ("-std=c11", "-O0", "-fPIC", "-shared", "-ffp-contract=off")
    builds = {"system": (system, backend.FLAGS), "zig": (zig, backend.FLAGS), "unoptimised": (system, unoptimised)}
    found = {}
    for name, (command, flags) in builds.items():
        monkeypatch.setattr(backend, "FLAGS", flags)
        found[name] = scored_with(backend.compile_kernels(tmp_path / name / "libkernels.so", command))
    assert found["system"] == found["zig"] == found["unoptimised"]


def test_the_library_carries_the_digest_of_its_sources(backend: ModuleType) -> None:
    from harness.kernels import library, source_digest

    assert source_digest(ROOT / "native") == backend.source_digest()
    assert library().kernels_source_digest().decode() == backend.source_digest()


def test_a_compiler_is_asked_for_only_where_there_is_none(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.chdir(ROOT)  # a build backend is called in the source tree
    if backend.system_compiler():
        assert not any("ziglang" in need for need in backend.get_requires_for_build_wheel())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert any("ziglang" in need for need in backend.get_requires_for_build_wheel())
    assert any("ziglang" in need for need in backend.get_requires_for_build_editable())


def test_a_compiler_that_does_not_work_is_passed_over(
    backend: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "cc"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin-that-is-not-there")
    assert backend.system_compiler() is None


def test_a_failed_compilation_shows_the_compilers_words(backend: ModuleType, tmp_path: Path) -> None:
    compiler = backend.system_compiler()
    if compiler is None:
        pytest.skip("no system compiler")
    with pytest.raises(RuntimeError, match="no-such-option"):
        backend.compile_kernels(tmp_path / "libkernels.so", [*compiler, "--no-such-option"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_wheel_holds_the_library_and_is_for_any_python_3(backend: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("setuptools", minversion="77")
    copy = tmp_path / "source"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("no checkout")
    for name in listed.stdout.split("\n"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    build = (
        "import sys; sys.path.insert(0, 'build_backend'); import kernel_build; print(kernel_build.build_wheel('dist'))"
    )
    subprocess.run([sys.executable, "-c", build], cwd=copy, capture_output=True, check=True)
    (wheel,) = (copy / "dist").glob("*.whl")
    assert wheel.name.startswith("vision_harness-")
    assert "-py3-none-" in wheel.name
    assert not wheel.name.endswith("-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "harness/_kernels/libkernels.so" in names
    for package in ("harness", "tasks", "submissions", "leaderboard"):
        assert {f"{package}/__init__.py", f"{package}/py.typed"} <= names
    assert not [name for name in names if name.startswith(("tests/", "native/", "build_backend/", "benchmarks/"))]
    ours = "harness/", "tasks/", "submissions/", "leaderboard/"
    tracked = {name for name in listed.stdout.split("\n") if name.startswith(ours)}
    assert {name for name in tracked if not name.endswith(".gitignore")} <= names
