"""GhostNet (https://arxiv.org/abs/1911.11907); submission.toml says what it is."""
