"""Adversarial robustness of image classifiers: attacks, balls, random streams and the tasks made of them."""
