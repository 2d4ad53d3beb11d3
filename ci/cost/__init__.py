"""The recomputation of the costs of routes from recorded requests."""
