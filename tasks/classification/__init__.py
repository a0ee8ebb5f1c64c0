"""Image classification: CIFAR and ImageNet with their like (README.md has the protocol)."""
