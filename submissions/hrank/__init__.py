"""HRank (https://arxiv.org/abs/2002.10179); submission.toml says what it is."""
