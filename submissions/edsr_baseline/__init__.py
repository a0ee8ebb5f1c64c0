"""EDSR, baseline (https://arxiv.org/abs/1707.02921); submission.toml says what it is."""
