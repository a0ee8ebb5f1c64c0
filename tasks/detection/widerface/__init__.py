"""Face detection on WIDER FACE's validation images, scored as its authors score it."""
