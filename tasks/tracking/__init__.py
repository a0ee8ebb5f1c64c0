"""Single-object tracking: the reset-based VOT challenges (`vot`) and one-pass benchmarks (`ope`)."""
