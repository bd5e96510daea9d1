"""Addresses and keys by stage: the keys in the keyring where there is one, otherwise in a file that only we can read."""

import json
import os
import stat
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

SERVICE = "crmctl"


class LoginError(Exception):
    """The file of logins cannot be read or written. The message is for the user."""


@dataclass(frozen=True, slots=True)
class Login:
    url: str
    key: str | None


def file_path() -> Path:
    config = os.environ.get("XDG_CONFIG_HOME") or ""
    base = Path(config) if Path(config).is_absolute() else Path.home() / ".config"
    return base / "crmctl" / "logins.json"


def stages() -> list[str]:
    return sorted(_read())


def find(stage: str) -> Login | None:
    """Return the login of a stage. Raises LoginError."""
    entry = _read().get(stage)
    if entry is None:
        return None
    keyring = _keyring() if entry.get("keyring") else None
    key = keyring.get_password(SERVICE, _entry_name(stage, entry["url"])) if keyring else entry.get("key")
    if entry.get("keyring") and not key:
        raise LoginError(f"The key of {stage} is not in the keyring. Log in again: crmctl login {stage}")
    return Login(entry["url"], key)


def save(stage: str, login: Login) -> str:
    """Keep a login. Return where its key is. Raises LoginError."""
    entries = _read()
    _forget_key(stage, entries.get(stage))
    keyring = _keyring() if login.key else None
    if keyring:
        keyring.set_password(SERVICE, _entry_name(stage, login.url), login.key)
        _write({**entries, stage: {"url": login.url, "keyring": True}})
        return "the keyring"
    _write({**entries, stage: {"url": login.url, "key": login.key}})
    return str(file_path())


def remove(stage: str) -> bool:
    """Forget a login. Return whether there was one. Raises LoginError."""
    entries = _read()
    entry = entries.pop(stage, None)
    _forget_key(stage, entry)
    if entry is not None:
        _write(entries)
    return entry is not None


def _entry_name(stage: str, url: str) -> str:
    return f"{stage} {url}"


def _keyring() -> Any:
    """Return the package keyring if it is installed and has a place to keep secrets, otherwise None."""
    try:
        keyring = import_module("keyring")
        return keyring if keyring.get_keyring().priority >= 1 else None
    except Exception:  # noqa: BLE001 - a desktop's keyring fails in many ways, and there is the file
        return None


def _forget_key(stage: str, entry: dict[str, Any] | None) -> None:
    keyring = _keyring() if entry and entry.get("keyring") else None
    if keyring and entry:
        try:
            keyring.delete_password(SERVICE, _entry_name(stage, entry["url"]))
        except Exception as error:
            raise LoginError(f"The key of {stage} could not be removed from the keyring: {error}") from error


def _read() -> dict[str, dict[str, Any]]:
    path = file_path()
    try:
        with path.open(encoding="utf-8") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise LoginError(f"Other users can read {path}. Make it yours: chmod 600 {path}")
            entries = json.load(file)
            return {str(stage): {**entry, "url": str(entry["url"])} for stage, entry in entries.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoginError(f"{path} cannot be read ({error}). Remove it, and log in again.") from error


def _write(entries: dict[str, dict[str, Any]]) -> None:
    path = file_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # with mode 600
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(entries, file, indent=2)
        Path(draft).replace(path)
    except OSError as error:
        raise LoginError(f"{path} cannot be written: {error}") from error
