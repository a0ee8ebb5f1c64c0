"""Amended gradient estimation for DARTS (https://arxiv.org/abs/1910.11831); submission.toml says what it is."""
