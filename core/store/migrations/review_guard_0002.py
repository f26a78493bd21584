"""Triggers that let nobody review their own request, or twice, or beforehand."""

from typing import Final

from alembic import op

_POSTGRESQL: Final = (
    """
    CREATE FUNCTION review_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'this review is not one'
      USING ERRCODE = 'integrity_constraint_violation',
            CONSTRAINT = 'review_by_another';
    END $$
    """,
    """
    CREATE TRIGGER requests_review_by_another
    BEFORE UPDATE OF reviewed_by, reviewed_at ON requests FOR EACH ROW
    WHEN (lower(NEW.reviewed_by) = lower(NEW.requester)
          OR (NEW.reviewed_by IS NULL) <> (NEW.reviewed_at IS NULL)
          OR (OLD.reviewed_at IS NOT NULL
              AND NEW.reviewed_by IS DISTINCT FROM OLD.reviewed_by))
    EXECUTE FUNCTION review_by_another()
    """,
    """
    CREATE TRIGGER requests_begin_unreviewed
    BEFORE INSERT ON requests FOR EACH ROW
    WHEN (NEW.reviewed_by IS NOT NULL OR NEW.reviewed_at IS NOT NULL)
    EXECUTE FUNCTION review_by_another()
    """,
)

_SQLITE: Final = (
    """
    CREATE TRIGGER requests_review_by_another
    BEFORE UPDATE OF reviewed_by, reviewed_at ON requests
    WHEN lower(NEW.reviewed_by) = lower(NEW.requester)
      OR (NEW.reviewed_by IS NULL) <> (NEW.reviewed_at IS NULL)
      OR (OLD.reviewed_at IS NOT NULL AND NEW.reviewed_by IS NOT OLD.reviewed_by)
    BEGIN SELECT RAISE(ABORT, 'review_by_another'); END
    """,
    """
    CREATE TRIGGER requests_begin_unreviewed
    BEFORE INSERT ON requests
    WHEN NEW.reviewed_by IS NOT NULL OR NEW.reviewed_at IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'review_by_another'); END
    """,
)


def guard_reviews(dialect: str) -> None:
    """Create the triggers of one dialect."""
    for statement in _POSTGRESQL if dialect == "postgresql" else _SQLITE:
        op.execute(statement)
