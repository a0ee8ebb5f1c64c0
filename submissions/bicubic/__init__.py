"""MATLAB's bicubic enlargement; submission.toml says what it is."""
