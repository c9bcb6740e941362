"""GitHub: pull requests, reviews, commits, branches, Actions, people, issues, releases and deployments."""
