"""Attacks that may only ask: so many queries an image, counted by the harness."""
