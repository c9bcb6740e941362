"""What people look at: dashboards, rules and alerts, rendered from the catalogue."""
