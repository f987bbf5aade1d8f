"""`make test-year`: a whole generated year of Ottawa's through the real service, and every call accounted for."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from local.errors import LocalError
from local.forget import forget
from local.processes import Supervisor, leaving_on_signals
from local.state import State
from tests.year.feeding import Options, Outcome
from tests.year.part import Part
from tests.year.run import Run

_HOME = Path(".year")
_QUICKER = 10
_QUICKEST = 6_000.0
"""An open call drops a clock that is quicker than 10,000 times (`workflows/heard.py`)."""


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - whoever started it reads along


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.year", description=__doc__)
    parser.add_argument("--home", type=Path, default=_HOME)
    parser.add_argument("--part", type=_part, default=Part(), metavar="K/N", help="of so many equal parts of the year")
    parser.add_argument("--minutes", type=float, help="stop in order after so long; the same command goes on")
    parser.add_argument("--calls", type=int, help="only the first so many")
    parser.add_argument("--speed", type=float, default=600.0, help="of the service's clock")
    parser.add_argument("--port", type=int, default=8100, help="the fifteen ports from there on are used")
    parser.add_argument("--fresh", action="store_true", help="forget the year that was begun, and begin it again")
    return parser.parse_args()


def _part(text: str) -> Part:
    try:
        return Part.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _once(options: Options, state: State) -> Outcome:
    with Supervisor(state, say=_say) as supervisor:
        return Run(options, state=state, supervisor=supervisor, say=_say).run()


def main() -> int:
    """Run the command; its exit status."""
    asked = _arguments()
    part: Part = asked.part
    home = asked.home if part.of == 1 else asked.home / part.name
    state = State.at(home, chosen_with="--home")
    options = Options(
        home=state.home,
        part=part,
        calls=part.calls if asked.calls is None else asked.calls,
        speed=asked.speed,
        seconds=None if asked.minutes is None else asked.minutes * 60,
        first_port=asked.port,
    )
    try:
        if asked.fresh:
            forget(state, say=_say)
            state = State.at(home, chosen_with="--home")
        with leaving_on_signals():
            while _once(options, state) is Outcome.QUIET:
                options = replace(options, speed=min(options.speed * _QUICKER, _QUICKEST), is_quick=True)
    except LocalError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
