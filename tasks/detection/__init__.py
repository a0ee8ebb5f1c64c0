"""Object and face detection: what its tasks share lies here, each task in a folder of its own with its README.md."""
