"""AdderNet (https://arxiv.org/abs/1912.13200); submission.toml says what it is."""
