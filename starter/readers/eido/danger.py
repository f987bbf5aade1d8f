"""R1: what in an EIDO silences a call by itself, whatever code of CAD's own stands beside it."""

import re
from typing import Final

from starter.readers.eido.lenient import texts
from starter.readers.eido.snapshot import Snapshot

COMMON_TYPE: Final = "incidentTypeCommonRegistryText"
_SENSITIVE: Final = frozenset(
    (
        *("SEXOFFNS", "INDECENT"),
        *("DVA", "DVNA", "FAM", "STKX", "HARR", "ORDERV"),  # between partners, in families, stalking
        *("ABDUCTF", "ABDUCTNF", "HOSTAGE", "CUST"),
        *("BOMB", "EXPLOS", "BIO", "TERROR"),
        *("ABUSE", "NEGLECT"),
        *("SUICIDE", "SUICTHRT", "EDP", "MNTL", "MTLV", "OD", "WELFARE", "PERMISS", "MISBOATR", "RUNAWAY"),
        *("HOMICIDE", "DEATH", "DEATHNTF"),
        *("ASSAULT", "FAS", "FASX", "NCRASLTWF", "FIGHT", "STABBING", "SHOOT", "ACTSHOOT", "TRAUMAP", "SCRM"),
        *("ROBBERY", "CARJACK", "WEAPON", "BARICADE", "THREATS", "EXTORT", "HATE"),
        *("DMPX", "PROW", "PURSUIT", "MAYDAY", "HLP1"),  # in progress
        *("ALMA", "ALMB", "ALMH", "ALMR", "911H", "911OPN"),  # and all that begin with ALR
        *("CIVDIS", "CU1", "CU2", "CU3"),  # demonstrations
        *("TSTOP", "SUBJSTP"),  # what officers start
    )
)
"""Of the 247 common types of the registry those that a service must not text about (see `docs/agency-folder.md`)."""
_ALARMS: Final = "ALR"
_CODE: Final = re.compile("[A-Z0-9]+")


def sensitive_types(snapshot: Snapshot) -> list[str]:
    """The common types that silence, alone or among words (`DVA - armed`).

    A code of CAD's own that is texted must not hide one: then somebody has doubts.
    """
    told = [text for incident in snapshot.incidents for text in texts(incident, COMMON_TYPE)]
    found = (code for text in (*told, *snapshot.alternates(COMMON_TYPE)) for code in _CODE.findall(text.upper()))
    return sorted({code for code in found if code in _SENSITIVE or code.startswith(_ALARMS)})


def is_cautioned(snapshot: Snapshot) -> bool:
    """A caution is about what "might threaten the safety of people", whatever its severity: CAD's safety flag."""
    return snapshot.has("caution")


def is_emergency(snapshot: Snapshot) -> bool:
    """A unit has called for help, or crashed: whatever it was called to is in progress."""
    return snapshot.has("unitemergencystate")
