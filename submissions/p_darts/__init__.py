"""P-DARTS (https://arxiv.org/abs/1904.12760); submission.toml says what it is."""
