"""The Pushgateway sink: one group a collector, one read and one PUT a run, totals that are carried on exactly once."""
