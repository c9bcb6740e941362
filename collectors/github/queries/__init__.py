"""The GraphQL queries, as package data."""
