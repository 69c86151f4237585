"""PostgreSQL: a server of our own, migrations, the journal, and what people read."""
