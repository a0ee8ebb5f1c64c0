"""COCO detection, boxes and masks: `coco` (README.md has the protocol and its sources)."""
