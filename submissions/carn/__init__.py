"""CARN and CARN-M (https://arxiv.org/abs/1803.08664); submission.toml says what they are."""
