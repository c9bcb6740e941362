"""A local clone, read with git itself: no token, no network, nothing written."""
