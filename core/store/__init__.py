"""What persists, over SQLAlchemy; translates, never decides."""
