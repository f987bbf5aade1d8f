"""`make fuzz`: libFuzzer, guided by the branches of our own code (atheris), one door after the other.

    python -m tests.fuzz.run SECONDS [DOOR …]

Each door is fuzzed in a process of its own, from its corpus and seeds; then its corpus is chosen anew, and counted.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.fuzz.counted import COUNTS
from tests.fuzz.door import HERE, Door
from tests.fuzz.doors import DOORS
from tests.fuzz.ground import migrate_one
from tests.servers import running_postgres

MOST_FILES: Final = 40
MOST_BYTES: Final = 20_000
"""Of one door's corpus: together less than 300 kB."""
_DONE: Final = re.compile(r"#(\d+)\s+(?:DONE|pulse|NEW|REDUCE|RELOAD|INITED)\s+cov: (\d+) ft: (\d+)")


@dataclass(frozen=True)
class Counts:
    """Of one run at one door. `branches`: of our own code, reached; `features`: as libFuzzer counts them."""

    executions: int
    branches: int
    features: int
    corpus: int
    bytes: int
    seconds: int
    findings: int


def main(arguments: Sequence[str]) -> None:
    seconds, names = int(arguments[0]), arguments[1:] or list(DOORS)
    if unknown := [name for name in names if name not in DOORS]:
        sys.exit(f"there is no door {unknown[0]!r}; there are: {', '.join(DOORS)}")
    with running_postgres() as url:
        migrate_one(url)
        _fuzz_all(names, url, seconds=seconds)


def _fuzz_all(names: Sequence[str], url: str, *, seconds: int) -> None:
    for name in names:
        counts = fuzz(DOORS[name], url, seconds=seconds)
        all_counts: dict[str, object] = json.loads(COUNTS.read_text("utf-8")) if COUNTS.exists() else {}
        before = all_counts.get(name)
        all_counts[name] = _added(counts, before if isinstance(before, dict) else {})
        COUNTS.write_text(json.dumps(dict(sorted(all_counts.items())), indent=1) + "\n", encoding="utf-8")
        say(f"{name}: {counts}")


def _added(counts: Counts, before: Mapping[str, int]) -> dict[str, int]:
    """Executions, seconds and findings of all runs; what is covered, of the last."""
    summed = {"executions", "seconds", "findings"}
    return {key: value + (before.get(key, 0) if key in summed else 0) for key, value in vars(counts).items()}


def fuzz(door: Door, url: str, *, seconds: int) -> Counts:
    """Fuzz, keep what was found in `found/`, and choose the corpus anew."""
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{door.name}-") as folder:
        work = Path(folder)
        corpus = work / "corpus"
        corpus.mkdir()
        for path in door.corpus.glob("*"):
            shutil.copy(path, corpus)
        for seed in door.seeds():
            (corpus / sha256(seed).hexdigest()[:12]).write_bytes(seed)
        words = work / "words"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in door.words), encoding="ascii")
        said, findings, took = _until_over(door, url, work, corpus, words, seconds)
        merged = _chosen(door, url, work, corpus)
        door.corpus.mkdir(parents=True, exist_ok=True)
        for path in door.corpus.glob("*"):
            path.unlink()
        for content in merged:
            (door.corpus / sha256(content).hexdigest()[:12]).write_bytes(content)
        executions = sum(said_executions(part) for part in said)
        last = [match for part in said for match in _DONE.finditer(part)]
        return Counts(
            executions=executions,
            branches=max((int(match[2]) for match in last), default=0),
            features=max((int(match[3]) for match in last), default=0),
            corpus=len(merged),
            bytes=sum(map(len, merged)),
            seconds=round(took),
            findings=findings,
        )


def said_executions(said: str) -> int:
    return max((int(match[1]) for match in re.finditer(r"^#(\d+)\s", said, flags=re.MULTILINE)), default=0)


def _until_over(
    door: Door, url: str, work: Path, corpus: Path, words: Path, seconds: int
) -> tuple[list[str], int, float]:
    """libFuzzer ends with the first finding: it is kept, and another run goes on."""
    begun, said, findings = time.monotonic(), [], 0
    while (left := seconds - (time.monotonic() - begun)) > 5 and findings < 5:
        limits = [f"-max_total_time={left:.0f}", f"-max_len={door.longest}", f"-timeout={30 + 10 * door.seconds:.0f}"]
        where = [f"-artifact_prefix={work}/crash-", f"-dict={words}", "-reduce_inputs=1", "-print_final_stats=1"]
        process = _one(door, url, [*limits, *where, str(corpus)])
        said.append(process)
        findings += _kept(door, work, process)
    return said, findings, time.monotonic() - begun


def _kept(door: Door, work: Path, said: str) -> int:
    crashes = [path for path in work.glob("crash-*") if path.is_file()]
    for crash in crashes:
        door.found.mkdir(parents=True, exist_ok=True)
        kept = door.found / f"new-{sha256(crash.read_bytes()).hexdigest()[:8]}"
        shutil.move(crash, kept)
        say(f"{door.name}: found {kept.relative_to(HERE)}\n{_end_of(said)}")
    return len(crashes)


def _end_of(said: str) -> str:
    lines = [line for line in said.splitlines() if not line.startswith(("#", "INFO", "\t", "MS:", "0x", "artifact"))]
    return "\n".join(lines[-25:])


def _chosen(door: Door, url: str, work: Path, corpus: Path) -> list[bytes]:
    """The smallest inputs that together reach what all reach, as many as may be kept: greedily, by libFuzzer's own
    account of each (its merge's control file)."""
    control, target = work / "control", work / "merged"
    target.mkdir()
    options = ["-merge=1", f"-merge_control_file={control}", f"-max_len={door.longest}"]
    said = _one(door, url, [*options, f"-artifact_prefix={work}/crash-", str(target), str(corpus)])
    _kept(door, work, said)
    if not control.exists() or "\nFT " not in control.read_text("utf-8"):  # one of before is a finding now
        return [path.read_bytes() for path in door.corpus.glob("*")]
    lines = control.read_text("utf-8").splitlines()
    count = int(lines[0])
    files = [Path(line) for line in lines[2 : 2 + count]]
    reached = {files[int(parts[1])]: set(parts[2:]) for line in lines if (parts := line.split()) and parts[0] == "FT"}
    chosen: list[bytes] = []
    missing: set[str] = set().union(*reached.values()) if reached else set()
    while missing and len(chosen) < MOST_FILES:
        best = max(reached, key=lambda path: len(reached[path] & missing) / (80 + path.stat().st_size))
        if not (new := reached.pop(best) & missing):
            break
        missing -= new
        content = best.read_bytes()
        if sum(map(len, chosen)) + len(content) <= MOST_BYTES:
            chosen.append(content)
        if not reached:
            break
    return chosen


def _one(door: Door, url: str, options: Sequence[str]) -> str:
    command = [sys.executable, "-m", "tests.fuzz.one", door.name, url, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.stdout.decode(errors="replace")


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass"))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
