"""Camera-based batch normalisation (https://arxiv.org/abs/2001.08680); submission.toml says what it is."""
