"""IMDN (https://arxiv.org/abs/1909.11856); submission.toml says what it is."""
