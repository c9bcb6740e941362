"""The `github.*` metrics, a file for each topic."""
