"""How one repository is read: each section with its own requests, each able to fail alone."""
