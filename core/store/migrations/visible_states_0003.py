"""A trigger that keeps the state of a request beside the groups that may see it."""

from typing import Final

from alembic import op

_FILL: Final = """
UPDATE request_groups SET state =
  (SELECT state FROM requests WHERE requests.id = request_groups.request_id)
"""

_POSTGRESQL: Final = (
    """
    CREATE FUNCTION request_groups_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE request_groups SET state = NEW.state WHERE request_id = NEW.id;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER request_groups_follow_state
    AFTER UPDATE OF state ON requests FOR EACH ROW
    WHEN (NEW.state <> OLD.state)
    EXECUTE FUNCTION request_groups_follow()
    """,
)

_SQLITE: Final = (
    """
    CREATE TRIGGER request_groups_follow_state
    AFTER UPDATE OF state ON requests WHEN NEW.state <> OLD.state
    BEGIN
      UPDATE request_groups SET state = NEW.state WHERE request_id = NEW.id;
    END
    """,
)


def keep_states_visible(dialect: str) -> None:
    """Fill the column in, and create the trigger of one dialect."""
    op.execute(_FILL)
    for statement in _POSTGRESQL if dialect == "postgresql" else _SQLITE:
        op.execute(statement)
