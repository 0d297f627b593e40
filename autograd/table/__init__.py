"""The one table: every operation and its derivatives, and what reads a row anyhow."""
