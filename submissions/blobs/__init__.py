"""Blobs: a detector without weights, centre-surround contrast over scales. See README.md."""
