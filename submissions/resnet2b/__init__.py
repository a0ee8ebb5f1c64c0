"""ResNet-2B of alpha-beta-CROWN's benchmarks (https://arxiv.org/abs/2103.06624); submission.toml says what it is."""
