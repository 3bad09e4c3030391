"""The engine: every task and every wait. It knows no vendor, no SQL and no screen."""
