"""Records made into pages, plots and exports."""
