"""Alembic's entry: runs migrations over the connection that core/migrations.py hands it."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

import models

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=models.Base.metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
