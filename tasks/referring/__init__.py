"""Referring expressions: a sentence and an image in, the box or mask of what it means out. See README.md."""
