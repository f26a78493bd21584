"""Triggers that keep what lists ask of a request beside who may see it."""

from typing import Final

from alembic import op

_FILL: Final = (
    """
    UPDATE request_groups SET (state, requester) =
      (SELECT state, requester FROM requests
       WHERE requests.id = request_groups.request_id)
    """,
    """
    UPDATE decisions SET state =
      (SELECT state FROM requests WHERE requests.id = decisions.request_id)
    """,
)

_POSTGRESQL: Final = (
    """
    CREATE FUNCTION requests_tell_state() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE request_groups SET state = NEW.state WHERE request_id = NEW.id;
      UPDATE decisions SET state = NEW.state WHERE request_id = NEW.id;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER request_groups_follow_state
    AFTER UPDATE OF state ON requests FOR EACH ROW
    WHEN (NEW.state <> OLD.state)
    EXECUTE FUNCTION requests_tell_state()
    """,
    """
    CREATE FUNCTION request_groups_take() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      SELECT state, requester INTO NEW.state, NEW.requester
        FROM requests WHERE id = NEW.request_id;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER request_groups_take_state
    BEFORE INSERT ON request_groups FOR EACH ROW
    EXECUTE FUNCTION request_groups_take()
    """,
    """
    CREATE FUNCTION decisions_take() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      SELECT state INTO NEW.state FROM requests WHERE id = NEW.request_id;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER decisions_take_state
    BEFORE INSERT ON decisions FOR EACH ROW EXECUTE FUNCTION decisions_take()
    """,
)

_SQLITE: Final = (
    """
    CREATE TRIGGER request_groups_follow_state
    AFTER UPDATE OF state ON requests WHEN NEW.state <> OLD.state
    BEGIN
      UPDATE request_groups SET state = NEW.state WHERE request_id = NEW.id;
      UPDATE decisions SET state = NEW.state WHERE request_id = NEW.id;
    END
    """,
    """
    CREATE TRIGGER request_groups_take_state AFTER INSERT ON request_groups
    BEGIN
      UPDATE request_groups SET (state, requester) =
        (SELECT state, requester FROM requests WHERE id = NEW.request_id)
      WHERE request_id = NEW.request_id AND group_name = NEW.group_name;
    END
    """,
    """
    CREATE TRIGGER decisions_take_state AFTER INSERT ON decisions
    BEGIN
      UPDATE decisions SET state =
        (SELECT state FROM requests WHERE id = NEW.request_id)
      WHERE id = NEW.id;
    END
    """,
)


def keep_states_visible(dialect: str) -> None:
    """Fill the columns in, and create the triggers of one dialect."""
    for statement in _FILL:
        op.execute(statement)
    for statement in _POSTGRESQL if dialect == "postgresql" else _SQLITE:
        op.execute(statement)
