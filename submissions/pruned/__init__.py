"""Networks whose layers may be narrower than published, and rate lists: what pruning submissions share."""
