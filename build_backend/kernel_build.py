"""PEP 517 build backend: setuptools, preceded by the compilation of `native/*.c` into one shared library.

The C sources use no Python header, so one library serves every Python version and the wheel is `py3-none-PLATFORM`.
They are compiled by the system's C compiler where it works. Where there is none, the hooks ask the package index for
`ziglang` (a C compiler packed as a wheel), so that installing never needs a compiler to be there first.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from setuptools import build_meta

# The hooks that need nothing of ours.
from setuptools.build_meta import (  # noqa: F401
    build_sdist,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)
from setuptools.command.bdist_wheel import bdist_wheel

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "native"
LIBRARY = ROOT / "harness" / "_kernels" / "libkernels.so"
# No fast-math and no contraction into fused multiply-adds: the last digit must not depend on the compiler.
FLAGS = ("-std=c11", "-O2", "-fPIC", "-shared", "-ffp-contract=off", "-Wall", "-Wextra")
# Zig compiles for the machine at hand unless told otherwise; a wheel must run on its neighbours too.
ZIG_FLAGS = ("-mcpu=baseline", "-fno-sanitize=undefined", "-s")

Settings = Mapping[str, Any] | None


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3 on one platform: it holds compiled code, but no Python extension."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return `("py3", "none", PLATFORM)`."""
        return "py3", "none", sysconfig.get_platform().replace("-", "_").replace(".", "_")


def source_digest(sources: Path = SOURCES) -> str:
    """Return the SHA-256 over names and contents of the C sources, as the library carries it."""
    digest = hashlib.sha256()
    for path in sorted((*sources.glob("*.c"), *sources.glob("*.h"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def works(command: list[str]) -> bool:
    """Return whether `command` can compile and link a shared library that includes the C standard headers."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder, "probe.c")
        probe.write_text("#include <stdlib.h>\nvoid *probe(void) { return malloc(1); }\n", encoding="utf-8")
        try:
            done = subprocess.run(
                [*command, "-shared", "-fPIC", str(probe), "-o", str(Path(folder, "probe.so"))],
                capture_output=True,
                check=False,
            )
        except OSError:
            return False
        return done.returncode == 0


def system_compiler() -> list[str] | None:
    """Return the command of the first C compiler that works: `$CC`, cc, gcc, clang; None if there is none."""
    named = shlex.split(os.environ.get("CC", ""))
    for command in (named, ["cc"], ["gcc"], ["clang"]):
        if command and works(command):
            return command
    return None


def zig_compiler() -> list[str] | None:
    """Return the command of the C compiler in the `ziglang` wheel, or None if that is not installed."""
    return [sys.executable, "-m", "ziglang", "cc"] if importlib.util.find_spec("ziglang") else None


def compile_kernels(library: Path = LIBRARY, command: list[str] | None = None) -> Path:
    """Compile `native/*.c` into `library`, atomically, and return its path.

    Raises RuntimeError, with the compiler's own words, where no compiler is found or compilation fails.
    """
    command = command or system_compiler() or zig_compiler()
    if command is None:
        raise RuntimeError("no C compiler works here and the package 'ziglang' is not installed: install either")
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent, prefix=".build-") as folder:
        built = Path(folder, library.name)
        zig = ZIG_FLAGS if "ziglang" in command or Path(command[0]).name == "zig" else ()
        define = f'-DSOURCE_DIGEST="{source_digest()}"'
        sources = sorted(map(str, SOURCES.glob("*.c")))
        done = subprocess.run(
            [*command, *FLAGS, *zig, define, *sources, "-o", str(built)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder},
        )
        if done.returncode != 0:
            raise RuntimeError(f"compiling native/ with '{shlex.join(command)}' failed:\n{done.stderr}")
        # Replacing, not overwriting: a process that has the old library mapped keeps it whole.
        built.replace(library)
    return library


def _requires(found: list[str]) -> list[str]:
    return found if system_compiler() else [*found, "ziglang>=0.13"]


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Add `ziglang` to what setuptools asks for, where no compiler works."""
    return _requires(build_meta.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Add `ziglang` to what setuptools asks for, where no compiler works."""
    return _requires(build_meta.get_requires_for_build_editable(config_settings))


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Compile the kernels, then build the wheel."""
    # setuptools never removes files from build/lib that have left the source tree.
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)
    compile_kernels()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Compile the kernels into the source tree, then build the editable wheel that points there."""
    compile_kernels()
    return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


if __name__ == "__main__":
    # While changing native/: compiles in place, without reinstalling.
    compile_kernels()
