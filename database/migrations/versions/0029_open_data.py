"""bundles of open data, what was decided about each, and their files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB()
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        'open_data_bundle',
        sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('period', sa.String(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('period_start', sa.Date(), nullable=False),
        sa.Column('period_end', sa.Date(), nullable=False),
        sa.Column('base', sa.Integer(), nullable=False),
        sa.Column('policy_version', sa.String(), nullable=False),
        sa.Column('reason', _JSON, nullable=True),
        sa.Column('report', _JSON, nullable=False),
        sa.Column('files', _JSON, nullable=False),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('prepared_real', _TIME, nullable=False),
        sa.Column('prepared_by', sa.String(), nullable=True),
        sa.Column('decided_real', _TIME, nullable=True),
        sa.Column('decided_by', sa.String(), nullable=True),
        sa.Column('decided_why', sa.String(), nullable=True),
        sa.Column('published_real', _TIME, nullable=True),
        sa.Column('published_by', sa.String(), nullable=True),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('agency', 'period', 'version'),
        sa.CheckConstraint(
            "state IN ('prepared', 'approved', 'declined', 'published')"
            " AND (state = 'prepared') = (decided_real IS NULL)"
            " AND (state = 'published') = (published_real IS NOT NULL)"
            " AND (decided_real IS NULL) = (decided_by IS NULL) AND (published_real IS NULL) = (published_by IS NULL)",
            name='open_data_bundle_decided_by_a_person',
        ),
    )
    op.create_table(
        'open_data_file',
        sa.Column('bundle_id', sa.BigInteger(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('body', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(['bundle_id'], ['open_data_bundle.id']),
        sa.PrimaryKeyConstraint('bundle_id', 'name'),
    )


def downgrade() -> None:
    op.drop_table('open_data_file')
    op.drop_table('open_data_bundle')
