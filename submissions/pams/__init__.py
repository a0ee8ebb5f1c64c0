"""PAMS (https://arxiv.org/abs/2011.04212); submission.toml says what it is."""
