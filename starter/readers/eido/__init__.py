"""One EIDO (NENA-STA-021.1, JSON), a snapshot of one incident, to one record: `read_eido`. See `docs/eido.md`."""

from starter.readers.eido.reading import read_eido

__all__ = ["read_eido"]
