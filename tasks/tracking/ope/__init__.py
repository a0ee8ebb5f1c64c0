"""One-pass evaluation: OTB, UAV123, NFS, LaSOT (README.md has the protocols)."""
