"""Triggers that let the audit chain grow at its end and change nowhere.

They protect against mistakes and against whoever can write but owns no table. An
owner can drop them; then the chain itself shows what was changed.
"""

from typing import Final

from alembic import op

_POSTGRESQL: Final = (
    # One statement checks that an event follows the head and moves the head, so
    # that the two can never differ.
    """
    CREATE FUNCTION audit_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash
      WHERE seq = NEW.seq - 1 AND hash = NEW.prev_hash;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'event % does not follow the head of the chain', NEW.seq
        USING ERRCODE = 'integrity_constraint_violation',
              CONSTRAINT = 'audit_follows_head';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the audit chain is append-only'
      USING ERRCODE = 'integrity_constraint_violation',
            CONSTRAINT = 'audit_is_append_only';
    END $$
    """,
    """
    CREATE FUNCTION audit_head_moves_by_one() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1 THEN
        RAISE EXCEPTION 'the head of the audit chain moves by one event'
        USING ERRCODE = 'integrity_constraint_violation',
              CONSTRAINT = 'audit_is_append_only';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER audit_events_follow BEFORE INSERT ON audit_events
    FOR EACH ROW EXECUTE FUNCTION audit_follow()
    """,
    """
    CREATE TRIGGER audit_events_stay BEFORE UPDATE OR DELETE OR TRUNCATE
    ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
    """,
    """
    CREATE TRIGGER audit_head_stays BEFORE INSERT OR DELETE OR TRUNCATE
    ON audit_head FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
    """,
    """
    CREATE TRIGGER audit_head_moves BEFORE UPDATE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_head_moves_by_one()
    """,
    # Also when a session sets session_replication_role, which skips the others.
    "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_follow",
    "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_stay",
    "ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays",
    "ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_moves",
)

_SQLITE: Final = (
    # Also stops INSERT OR REPLACE, which deletes without a DELETE trigger unless
    # recursive_triggers is on: a number that exists does not follow the head.
    """
    CREATE TRIGGER audit_events_follow BEFORE INSERT ON audit_events
    BEGIN
      SELECT RAISE(ABORT, 'the event does not follow the head of the audit chain')
      WHERE NOT EXISTS (
        SELECT 1 FROM audit_head WHERE seq = NEW.seq - 1 AND hash = NEW.prev_hash
      );
      UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
    END
    """,
    """
    CREATE TRIGGER audit_events_stay_updated BEFORE UPDATE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END
    """,
    """
    CREATE TRIGGER audit_events_stay_deleted BEFORE DELETE ON audit_events
    BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END
    """,
    """
    CREATE TRIGGER audit_head_stays_inserted BEFORE INSERT ON audit_head
    BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END
    """,
    """
    CREATE TRIGGER audit_head_stays_deleted BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END
    """,
    """
    CREATE TRIGGER audit_head_moves BEFORE UPDATE ON audit_head
    WHEN NEW.id <> OLD.id OR NEW.seq <> OLD.seq + 1
    BEGIN SELECT RAISE(ABORT, 'the head of the audit chain moves by one event'); END
    """,
)


def guard_audit(dialect: str) -> None:
    """Create the triggers of one dialect; the head's row is there already."""
    for statement in _POSTGRESQL if dialect == "postgresql" else _SQLITE:
        op.execute(statement)
