"""Person re-identification: a query image ranks a gallery (README.md has the protocols and the files)."""
