"""VDSR (https://arxiv.org/abs/1511.04587); submission.toml says what it is."""
