"""Pascal VOC detection: `voc2007` and `voc2012` (README.md has the protocols and their sources)."""
