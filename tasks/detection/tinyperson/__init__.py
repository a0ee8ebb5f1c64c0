"""Tiny persons seen from afar (`tinyperson`): README.md has the protocols with their sources."""
