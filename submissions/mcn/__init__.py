"""MCN: claims and settings of a method whose results are scored as files. See submission.toml."""
