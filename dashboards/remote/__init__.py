"""Datadog's side of the dashboards: what an account holds, compared with what is rendered. It keeps no history."""
