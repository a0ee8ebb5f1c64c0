"""RBNN (https://arxiv.org/abs/2009.13055); submission.toml says what it is."""
