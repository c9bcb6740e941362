"""Recording rules, alerts, monitors, Alertmanager's routes and their tests, rendered from one set of specs."""
