"""The benchmarks, one package a family."""
