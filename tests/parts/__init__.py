"""Real programs for tests: an installer, and one class for each that starts it on a free loopback port."""
