"""CenterNet: Keypoint Triplets for Object Detection (arXiv 1904.08189)."""
