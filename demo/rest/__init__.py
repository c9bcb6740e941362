"""GitHub REST over the simulated organisation."""
