"""A ResNet-50 that embeds images of people, without anything special about it."""
