"""ESRN (https://arxiv.org/abs/1909.11409); submission.toml says what it is."""
