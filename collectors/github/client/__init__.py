"""How GitHub is reached: the only place that knows addresses, pages and limits."""
