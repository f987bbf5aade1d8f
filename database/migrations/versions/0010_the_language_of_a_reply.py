"""the language of a reply is kept."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('inbound_message', sa.Column('language', sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column('inbound_message', 'language')
