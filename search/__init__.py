"""The index, a copy of what PostgreSQL says that can be rebuilt at will: it answers with ids and scores, never rows."""
