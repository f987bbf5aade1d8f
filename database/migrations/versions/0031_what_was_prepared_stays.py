"""open data: the secret by which a quarter's counts are rounded, and nobody changes what was prepared."""

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None

_STAYS = """
CREATE FUNCTION open_data_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    decided text[] := ARRAY['state', 'decided_real', 'decided_by', 'decided_why', 'published_real', 'published_by'];
BEGIN
    IF TG_OP = 'DELETE' OR TG_TABLE_NAME = 'open_data_file' THEN
        RAISE EXCEPTION 'what was prepared for the public stays as it is';
    END IF;
    IF to_jsonb(NEW) - decided - 'secret_encrypted' <> to_jsonb(OLD) - decided - 'secret_encrypted' THEN
        RAISE EXCEPTION 'what was prepared for the public stays as it is';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN
        (('prepared', 'approved'), ('prepared', 'declined'), ('approved', 'published')) THEN
        RAISE EXCEPTION 'nothing leads back from a decision about open data';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON open_data_bundle FOR EACH ROW EXECUTE FUNCTION open_data_stays();
CREATE TRIGGER stays BEFORE UPDATE OR DELETE ON open_data_file FOR EACH ROW EXECUTE FUNCTION open_data_stays();
"""


def upgrade() -> None:
    op.add_column('open_data_bundle', sa.Column('secret_encrypted', sa.String(), nullable=True))
    op.execute(_STAYS)


def downgrade() -> None:
    op.execute('DROP TRIGGER stays ON open_data_bundle; DROP TRIGGER stays ON open_data_file')
    op.execute('DROP FUNCTION open_data_stays')
    op.drop_column('open_data_bundle', 'secret_encrypted')
