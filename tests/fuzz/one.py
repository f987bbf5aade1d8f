"""libFuzzer at one door: `python -m tests.fuzz.one DOOR URL OPTIONS`, of a server
with a migrated database. Loads the house anew, its branches counted."""

import os
import sys

import atheris


def main() -> None:
    """Never comes back: libFuzzer ends the process."""
    name, url = sys.argv[1:3]
    # By name, before anything of the house is loaded: only what is loaded in here is counted.
    rooms = ["starter", "calls", "policy", "watching", "texts", "survey", "web", "workflows", "activities", "settings"]
    rooms += ["database.encryption", "insights"]
    with atheris.instrument_imports(include=rooms):
        from tests.fuzz.door import watched
        from tests.fuzz.doors import DOORS
        from tests.fuzz.ground import copies_of
    # libFuzzer starts itself again to merge, by the first word of its command line.
    again = f"{sys.executable} -m tests.fuzz.one {name} {url}"
    door = DOORS[name]
    with watched(door, copies_of(url)) as target:
        atheris.Setup([again, *sys.argv[3:]], target, internal_libfuzzer=True)
        atheris.Fuzz()
    os._exit(0)


if __name__ == "__main__":
    main()
