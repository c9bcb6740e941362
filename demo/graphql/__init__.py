"""GraphQL over a part of the published schema."""
