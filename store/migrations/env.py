"""Alembic's entry point: runs on the connection that store.db hands over."""

from alembic import context
from sqlmodel import SQLModel

import store.agency_models  # noqa: F401 - with store.models it fills SQLModel.metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
