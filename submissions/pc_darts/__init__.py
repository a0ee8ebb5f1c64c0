"""PC-DARTS (https://arxiv.org/abs/1907.05737); submission.toml says what it is."""
