"""The one error of this room."""


class LocalError(Exception):
    """Something a person has to mend: its text is one line that says what and how, and is shown without a traceback."""
