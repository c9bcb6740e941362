"""What every collector shares: metrics, windows, runs, settings, HTTP, sinks and the command line."""
