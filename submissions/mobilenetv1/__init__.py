"""MobileNetV1 (https://arxiv.org/abs/1704.04861); submission.toml says what it is."""
