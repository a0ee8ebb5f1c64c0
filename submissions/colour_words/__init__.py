"""Colour words: regions of the colour that a sentence names, chosen by its words for shape, size and place. See README.md."""
