"""NCC: the first frame's target, sought around the last place by normalised cross-correlation. See README.md."""
