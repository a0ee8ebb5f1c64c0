"""The supervised VOT challenges of 2016 to 2019 (README.md has the protocols)."""
