"""FilterSketch (https://arxiv.org/abs/2001.08514); submission.toml says what it is."""
