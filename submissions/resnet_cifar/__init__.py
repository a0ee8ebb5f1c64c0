"""ResNet for CIFAR (https://arxiv.org/abs/1512.03385, section 4.2); submission.toml says what it is."""
