"""SiamBAN: a Siamese network that finds the box by classification and regression at every point. See README.md."""
