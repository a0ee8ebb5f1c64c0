"""Progressive DARTS in the wild (https://arxiv.org/abs/1912.10952); submission.toml says what it is."""
