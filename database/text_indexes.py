"""What the ledger is searched by, besides what stands at its columns."""

from sqlalchemy import Index


def text_indexes() -> tuple[Index, ...]:
    """For the table `text`; a new one needs a migration that makes it beside everybody's work."""
    return (
        Index("ix_text_unsettled", "claimed_real", postgresql_where="state IN ('claimed', 'sending', 'unknown')"),
        Index("ix_text_error", "error_code", "updated_real", postgresql_where="error_code IS NOT NULL"),
        Index("ix_text_claimed", "claimed_real"),
        Index("ix_text_with_body", "claimed_real", postgresql_where="body_encrypted IS NOT NULL"),
        Index("ix_text_with_number", "claimed_real", postgresql_where="phone_hash IS NOT NULL"),
        Index(
            "ix_text_without_end",
            "looked_up_real",
            postgresql_where="state IN ('sending', 'unknown', 'accepted', 'sent')",
        ),
        Index(
            "ix_text_not_delivered",
            "updated_real",
            postgresql_where="error_code IS NOT NULL OR state IN ('undelivered', 'failed')",
        ),
        # All texts by time. The first three hold all that the console's list is filtered and counted by: not even a
        # condition that nothing meets reads a million rows.
        Index("ix_text_due", "due_at", "id", postgresql_include=["state", "kind", "language"]),
        Index("ix_text_state_due", "state", "due_at", "id", postgresql_include=["kind", "language"]),
        Index("ix_text_kind_due", "kind", "due_at", "id", postgresql_include=["state", "language"]),
        Index("ix_text_rule_due", "rule", "due_at", "id", postgresql_where="rule IS NOT NULL"),
        Index("ix_text_error_due", "error_code", "due_at", "id", postgresql_where="error_code IS NOT NULL"),
    )
