"""drafts, held answers, comments and the day of the last cut; an answer's context; a text's code."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

# The planner's statistics hold values of a column as they are, and those of a table that is empty since (R7).
WITHOUT_STATISTICS = (
    ('survey_held', 'body_encrypted'),
    ('survey_draft', 'answers_encrypted'),
    ('survey_comment', 'comment_encrypted'),
    ('survey_response', 'answers'),
)


def upgrade() -> None:
    op.create_table(
        'survey_draft',
        sa.Column('invitation_id', sa.Uuid(), nullable=False),
        sa.Column('answers_encrypted', sa.String(), nullable=False),
        sa.Column('step', sa.Integer(), nullable=False),
        sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('invitation_id'),
    )
    op.create_index(op.f('ix_survey_draft_expires_at'), 'survey_draft', ['expires_at'])
    op.create_table(
        'survey_held',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('body_encrypted', sa.String(), nullable=False),
        sa.Column('urgent', sa.Boolean(), nullable=False),
        sa.Column('seen', sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index(
        'ix_survey_held_urgent', 'survey_held', ['id'], postgresql_where=sa.text('urgent AND NOT seen')
    )
    op.create_table(
        'survey_comment',
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('week', sa.String(), nullable=False),
        sa.Column('language', sa.String(), nullable=False),
        sa.Column('comment_encrypted', sa.String(), nullable=False),
        sa.Column('may_share', sa.Boolean(), nullable=False),
        sa.Column('urgent', sa.Boolean(), nullable=False),
        sa.Column('reviewed', sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_table(
        'survey_cut',
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('day', sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint('agency'),
    )
    op.add_column(
        'survey_response',
        sa.Column('context', postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default='{}'),
    )
    op.add_column('text', sa.Column('code_hash', sa.String(), nullable=True))
    for table, column in WITHOUT_STATISTICS:
        op.execute(f'ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0')
    with op.get_context().autocommit_block():
        op.execute('SET lock_timeout = 0')  # it waits for others, and nobody waits for it
        op.drop_index(op.f('ix_text_code_hash'), 'text', if_exists=True, postgresql_concurrently=True)
        op.create_index(op.f('ix_text_code_hash'), 'text', ['code_hash'], postgresql_concurrently=True)


def downgrade() -> None:
    op.execute('ALTER TABLE survey_response ALTER COLUMN answers SET STATISTICS -1')
    op.drop_index(op.f('ix_text_code_hash'), table_name='text')
    op.drop_column('text', 'code_hash')
    op.drop_column('survey_response', 'context')
    op.drop_table('survey_cut')
    op.drop_table('survey_comment')
    op.drop_table('survey_held')
    op.drop_table('survey_draft')
