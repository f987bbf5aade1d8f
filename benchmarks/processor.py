"""Processor time and memory of processes with all their children."""

from collections.abc import Mapping
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, kw_only=True)
class Used:
    """Seconds of processor time, by name of the part, and of the whole machine."""

    parts: Mapping[str, float]
    machine: float

    def since(self, before: "Used") -> "Used":
        """What was used in between."""
        parts = {name: seconds - before.parts.get(name, 0) for name, seconds in self.parts.items()}
        return Used(parts=parts, machine=self.machine - before.machine)

    @property
    def own(self) -> float:
        """Of all parts together."""
        return sum(self.parts.values())


def used(parts: Mapping[str, int]) -> Used:
    """`parts`: the process id of each. What its children used counts too, those that have ended as well; `driver` is
    this process, whose children the parts are."""
    machine, here = psutil.cpu_times(), psutil.Process().cpu_times()
    found = {name: sum(map(_seconds, _family(pid))) for name, pid in parts.items()}
    return Used(
        parts=found | {"driver": here.user + here.system},
        machine=machine.user + machine.nice + machine.system + machine.irq + machine.softirq,
    )


def kilobytes(pid: int) -> float:
    """The memory that a process and its children have, what they share counted once (PSS), in kB of 1,000 bytes."""
    return sum(process.memory_full_info().pss for process in _family(pid)) / 1000


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0
    return times.user + times.system + times.children_user + times.children_system
