"""libFuzzer at one door: `python -m tests.fuzz.one DOOR OPTIONS`. Loads the house anew, its branches counted."""

import os
import sys

import atheris


def main() -> None:
    """Never comes back: libFuzzer ends the process."""
    name = sys.argv[1]
    # By name, before anything of the house is loaded: only what is loaded in here is counted.
    rooms = ["starter", "calls", "policy", "watching", "texts", "survey", "web", "workflows", "activities", "settings"]
    rooms += ["database.encryption", "insights"]
    with atheris.instrument_imports(include=rooms):
        from tests.fuzz.door import watched
        from tests.fuzz.doors import DOORS
    # libFuzzer starts itself again to merge, by the first word of its command line.
    again = f"{sys.executable} -m tests.fuzz.one {name}"
    door = DOORS[name]
    with watched(door) as target:
        atheris.Setup([again, *sys.argv[2:]], target, internal_libfuzzer=True)
        atheris.Fuzz()
    os._exit(0)


if __name__ == "__main__":
    main()
