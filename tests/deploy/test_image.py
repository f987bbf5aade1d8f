"""The image's steps in a bare directory, and the service in what they leave, as another user who may write nowhere.

No Docker engine runs where this was written. What is the engine's own (layers, the base image, the user's id in it) is
not tried here; the steps, what they copy, and that nothing else is needed are.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from calls.clock import REAL_TIME
from local.box import Box, Ports
from local.ports import free_port
from local.processes import Supervisor
from policy.agency import load_agency
from tests.conftest import AGENCIES, FIGURES
from tests.deploy.composition import ROOT, let_in, stages
from tests.servers import temporary_state

pytestmark = pytest.mark.deep

_READY_SECONDS = 60


@dataclass(frozen=True)
class Image:
    """What the steps have left: `root` is the root of its file system."""

    root: Path

    def here(self, text: str) -> str:
        """Paths of the image as they are here."""
        return text.replace("/opt/venv", f"{self.root}/opt/venv").replace("/app", f"{self.root}/app")

    @property
    def environment(self) -> dict[str, str]:
        """Of the image: nothing of ours."""
        [settings] = [step.rest for step in stages()[-1] if step.word == "ENV"]
        pairs = dict(pair.split("=", 1) for pair in settings.split())
        return {name: self.here(value).replace("$PATH", "/usr/bin:/bin") for name, value in pairs.items()}

    def start(self, *command: str, changes: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
        """One of its processes, as nobody."""
        nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        with log.open("wb") as file:
            return subprocess.Popen(
                [str(self.root / "opt" / "venv" / "bin" / "communityconnect"), *command],
                cwd=self.root / "app",
                env={**self.environment, **changes},
                stdout=file,
                stderr=subprocess.STDOUT,
                user=nobody and nobody.pw_uid,
                group=nobody and nobody.pw_gid,
                extra_groups=nobody and [],
            )


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Both stages: what the first makes, the second takes over whole."""
    with tempfile.TemporaryDirectory(prefix="image-", ignore_cleanup_errors=True) as folder:
        image = Image(Path(folder))
        for place in ("app", "opt"):
            (image.root / place).mkdir()
        for step in stages()[0]:
            _run(image, step.word, step.rest)
        for path in (image.root, *image.root.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222 | 0o444 | (0o111 if path.is_dir() else 0))
        yield image
        for path in (image.root, *image.root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def _interpreter() -> Path:
    """One that others may use as well: root's own may lie in root's home."""
    for path in map(Path, (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3")):
        real = path.resolve()
        if not real.exists() or not all(part.stat().st_mode & 0o001 for part in (real, *real.parents)):
            continue
        fit = [str(real), "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]
        if subprocess.run(fit, capture_output=True, check=False).returncode == 0:
            return real
    pytest.skip("no interpreter that another user may run")


def _run(image: Image, word: str, rest: str) -> None:
    app = image.root / "app"
    if word == "COPY" and rest == ". .":
        tracked = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        for name in filter(lambda name: let_in(Path(name)), tracked.stdout.splitlines()):
            (app / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, app / name)
    elif word == "COPY":
        source, target = rest.split()
        (app / target).mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, app / target)
    elif word == "RUN":
        command = image.here(rest).replace("python -m venv", f"{_interpreter()} -m venv", 1)
        done = subprocess.run(["sh", "-c", command], cwd=app, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.timeout(900)
def test_the_image_holds_a_service_that_works(image: Image) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,  # pytest's own is closed to other users
        temporary_state() as state,
        Supervisor(state) as supervisor,
    ):
        place = Path(folder)
        place.chmod(0o755)
        box = Box(
            state=state,
            ports=Ports.any_free(),
            folder=Path("agencies/ottawa"),
            agency=load_agency(AGENCIES / "ottawa"),
            clock=REAL_TIME,
            durable=False,
        )
        box.start_servers(supervisor)
        supervisor.start(box.phones())
        settings = _by_files(box, place / "secrets")
        _ends_well(
            image,
            "setup",
            changes={**settings, "COMMUNITYCONNECT_OWNER_DATABASE_URL": box.owner_url},
            log=place / "setup",
        )
        ports = {"web": box.ports.web, "console": box.ports.console, "cad": box.ports.cad}
        with _running(image, settings, ports=ports, folder=place):
            _ends_well(image, "doctor", changes=settings, log=place / "doctor")


def _by_files(box: Box, folder: Path) -> dict[str, str]:
    """The settings of the box, the secret ones as files that nobody else may read."""
    folder.mkdir(mode=0o755)
    settings = {**box.environment(), "COMMUNITYCONNECT_AGENCY": "agencies/ottawa"}
    secret = (
        "DATABASE_URL",
        "TWILIO_AUTH_TOKEN",
        "COMMUNITYCONNECT_ENCRYPTION_KEYS",
        "COMMUNITYCONNECT_LOOKUP_KEY",
        "COMMUNITYCONNECT_CAD_KEYS",
        "COMMUNITYCONNECT_CONSOLE_DEMO_PASSWORD",
    )
    for name in secret:
        path = folder / name.lower()
        path.write_text(settings.pop(name), encoding="utf-8")
        path.chmod(0o444)
    return {**settings, "COMMUNITYCONNECT_SECRETS_FOLDER": str(folder)}


def _ends_well(image: Image, command: str, *, changes: dict[str, str], log: Path) -> None:
    process = image.start(command, changes=changes, log=log)
    assert process.wait(timeout=120) == 0, log.read_text()


@contextmanager
def _running(image: Image, settings: dict[str, str], *, ports: dict[str, int], folder: Path) -> Iterator[None]:
    """Worker, starter, web, console and cad, each ready."""
    metrics = {"worker": free_port(), "starter": free_port()}
    commands = {
        "worker": ["worker"],
        "starter": ["starter"],
        "web": ["web", "--port", str(ports["web"])],
        "console": ["console", "--port", str(ports["console"])],
        "cad": ["cad", "serve", "--port", str(ports["cad"])],
    }
    started = {}
    try:
        for name, command in commands.items():
            own = {"COMMUNITYCONNECT_METRICS_PORT": str(metrics[name])} if name in metrics else {}
            started[name] = image.start(*command, changes={**settings, **own}, log=folder / name)
        for name, process in started.items():
            path = f"{metrics[name]}/metrics" if name in metrics else f"{ports[name]}/healthz"
            _wait_until_ready(process, f"http://127.0.0.1:{path}", log=folder / name)
        _wait_until_said("worker ready", folder / "worker")
        yield
    finally:
        for process in started.values():
            process.terminate()
        for name, process in started.items():
            assert process.wait(timeout=60) in (0, -15), (name, (folder / name).read_text())


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str, *, log: Path) -> None:
    end = time.monotonic() + _READY_SECONDS
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        with suppress(requests.RequestException):
            if requests.get(address, timeout=5).ok:
                return
        time.sleep(0.1)


def _wait_until_said(what: str, log: Path) -> None:
    end = time.monotonic() + _READY_SECONDS
    while what not in log.read_text(errors="replace"):
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)
    time.sleep(1)  # its first poll


def test_it_holds_neither_tests_nor_secrets_nor_the_carrier(
    image: Image, record_property: Callable[[str, object], None]
) -> None:
    app = image.root / "app"
    assert not {"tests", "docs", "secrets", ".env", ".git", "benchmarks"} & {path.name for path in app.iterdir()}
    assert not (app / "local" / "carrier").exists()
    megabytes = sum(path.stat().st_size for path in image.root.rglob("*") if path.is_file()) / 1e6
    record_property(FIGURES, f"the image without its base: {megabytes:.0f} MB")
    assert megabytes < 700
