"""The command line: one verb a file, nothing but parsing and printing."""

from harness.cli.main import main

__all__ = ["main"]
