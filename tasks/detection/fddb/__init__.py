"""FDDB: faces outlined by ellipses, ten folds, discrete and continuous ROC. See README.md."""
