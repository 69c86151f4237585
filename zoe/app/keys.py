"""A text file with an API key, read into the two lines that matter, and those into ``.env``.

People keep keys in files of every layout. What is certain is taken, what is not is refused with the
number of the line; no error and no repr ever holds a value of the file.
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from zoe.adapters.kraken.sign import KeyPair
from zoe.app.settings import ROOT
from zoe.domain.errors import ConfigError

LONGEST_FILE: Final = 64 * 1024
#: What Kraken's private keys decode to.
SECRET_BYTES: Final = 64
_KEY: Final = "API key"
_SECRET: Final = "private key"
_OTHER: Final = "something else"
_NAMES_SECRET: Final = frozenset({"secret", "private", "privatekey", "apisecret", "secretkey"})
_NAMES_KEY: Final = frozenset({"key", "apikey", "public", "publickey"})
#: A line with one of these is nobody's key, whatever else it says.
_NAMES_OTHER: Final = frozenset(
    {"user", "username", "login", "email", "mail", "password", "pass", "passwd", "pwd", "pin"}
    | {"passphrase", "phrase", "otp", "totp", "2fa", "recovery", "master", "seed", "question"}
    | {"name", "description", "nonce", "note", "permission", "permissions", "created", "expires"}
)
#: Beside those, what a line that is nothing but a label may say.
_FILLERS: Final = frozenset({"api", "kraken", "spot", "my", "the", "your", "rest", "export", "pro"})
_WORD: Final = re.compile(r"2fa|[A-Z]?[a-z]+|[A-Z]+(?![a-z])", re.ASCII)
_LABELLED: Final = re.compile(r"""["'`*]*([A-Za-z][^=:]{0,59}?)["'`*]*\s*(?:=>|[=:])\s*(.*)""")
_BARE: Final = re.compile(r"[A-Za-z0-9+/]{20,256}={0,2}")
_VALUE: Final = re.compile(r"[A-Za-z0-9+/=_.-]{4,256}")
_QUOTES: Final = "\"'`*,;\u201c\u201d\u2018\u2019"
_COMMENT: Final = re.compile(r"\s+(?:#|//).*")
_IGNORED: Final = re.compile(r"(?:#|//|;|\[).*|[-=_*~\s{}]*")


@attrs.frozen
class _Item:
    """A value, or a label that waits for one; no repr, since it may be a secret."""

    line: int
    label: str | None
    value: str = attrs.field(repr=False)


def parse(text: str) -> KeyPair:
    """The key pair that ``text`` holds.

    Raises:
        ConfigError: None, half of one, or more than one; the error names lines, never values.
    """
    items = _join(_items(text))
    bare = [item for item in items if item.label is None and _BARE.fullmatch(item.value)]
    key, secret = (_only(_named(items, label), label) for label in (_KEY, _SECRET))
    if key is None and secret is None and len(bare) == 2:
        key, secret = _by_form(bare)
    elif key is None or secret is None:
        rest = [item for item in bare if _is_secret(item.value) == (secret is None)]
        if (key or secret) and len(rest) == 1:
            key, secret = key or rest[0], secret or rest[0]
    elif bare and not _is_secret(secret.value):
        raise ConfigError(
            f"line {bare[0].line} belongs to nothing: is the {_SECRET} of line {secret.line} cut?"
        )
    return _pair(key, secret)


def _items(text: str) -> Iterator[_Item]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        yield from _members(document)
        return
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip().lstrip("-*>\u2022{ \t").strip()
        if not _IGNORED.fullmatch(line):
            yield _item(number, line)


def _members(document: Mapping[str, object]) -> Iterator[_Item]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _members(value)
        elif isinstance(value, str):
            yield _Item(1, _meaning(name), value.strip())


def _item(number: int, line: str) -> _Item:
    alone = line.rstrip("=:").strip().strip(_QUOTES)
    if _is_label(alone):
        return _Item(number, _meaning(alone), "")
    if _BARE.fullmatch(line.strip(_QUOTES)):
        return _Item(number, None, line.strip(_QUOTES))
    label, last = line.rsplit(maxsplit=1) if len(line.split()) > 1 else ("", line)
    apart = _is_label(label.strip(_QUOTES + " -\t"))
    found = _LABELLED.fullmatch(line)
    # A value may end with the sign that else parts it from its label.
    if found is not None and not (apart and _BARE.fullmatch(_clean(last))):
        return _Item(number, _meaning(found[1]), _clean(found[2]))
    if apart:
        return _Item(number, _meaning(label), _clean(last))
    return _Item(number, None, _clean(line))


def _clean(value: str) -> str:
    return _COMMENT.sub("", value).strip(_QUOTES + "{} \t")


def _words(label: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(label)}


def _meaning(label: str) -> str:
    words = _words(label)
    if words & _NAMES_OTHER:
        return _OTHER
    if words & _NAMES_SECRET:
        return _SECRET
    return _KEY if words & _NAMES_KEY else _OTHER


def _is_label(text: str) -> bool:
    """Whether it is nothing but the name of something."""
    words = _words(text)
    known = _NAMES_OTHER | _NAMES_SECRET | _NAMES_KEY
    plain = re.fullmatch(r"[A-Za-z2 ()_\t-]{2,40}", text) is not None
    return plain and bool(words & known) and words <= known | _FILLERS


def _join(items: Iterator[_Item]) -> list[_Item]:
    """The items with every label that waits given the value on the line that follows it."""
    found: list[_Item] = []
    waiting: _Item | None = None
    for item in items:
        if item.label is not None and not item.value:
            if waiting is not None and {waiting.label, item.label} == {_KEY, _SECRET}:
                raise ConfigError(f"lines {waiting.line} and {item.line}: which value is which?")
            waiting = item
        elif item.label is None and waiting is not None:
            found.append(_Item(item.line, waiting.label, item.value))
            waiting = None
        else:
            # A label before a line that has its own was a heading.
            found.append(item)
            waiting = None
    return found


def _named(items: Sequence[_Item], label: str) -> list[_Item]:
    return [item for item in items if item.label == label]


def _only(found: Sequence[_Item], what: str) -> _Item | None:
    if len({item.value for item in found}) > 1:
        lines = ", ".join(str(item.line) for item in found)
        raise ConfigError(f"more than one {what} (lines {lines}): keep the pair that you mean")
    return found[0] if found else None


def _by_form(bare: Sequence[_Item]) -> tuple[_Item, _Item]:
    """Two lines without names: only their form can tell which is which."""
    secrets = [item for item in bare if _is_secret(item.value)]
    if len(secrets) != 1:
        lines = " and ".join(str(item.line) for item in bare)
        raise ConfigError(f"lines {lines}: which is the {_KEY}, which the {_SECRET}? Name them")
    keys = [item for item in bare if item is not secrets[0]]
    return keys[0], secrets[0]


def _is_secret(value: str) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == SECRET_BYTES
    except (binascii.Error, ValueError):
        return False


def _pair(key: _Item | None, secret: _Item | None) -> KeyPair:
    missing = [what for what, item in ((_KEY, key), (_SECRET, secret)) if item is None]
    if key is None or secret is None:
        raise ConfigError(f"no {' and no '.join(missing)} found: write each after its name")
    for item, what in ((key, _KEY), (secret, _SECRET)):
        if not _VALUE.fullmatch(item.value):
            raise ConfigError(f"line {item.line}: the {what} has a form that none has")
    if _is_secret(key.value) and not _is_secret(secret.value):
        raise ConfigError(f"lines {key.line} and {secret.line} look exchanged")
    if key.value == secret.value:
        raise ConfigError(f"lines {key.line} and {secret.line} hold the same")
    return KeyPair(key.value, secret.value)


def read(path: Path) -> KeyPair:
    """The key pair of a file in any of the usual encodings.

    Raises:
        ConfigError: It cannot be read, or as ``parse`` says.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST_FILE + 1)
    except OSError as problem:
        raise ConfigError(f"{path}: {problem.strerror}") from problem
    if len(data) > LONGEST_FILE:
        raise ConfigError(f"{path} is no list of keys: it is longer than {LONGEST_FILE} bytes")
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    # Keys are ASCII; what stands beside them need not be.
    text = data.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
    try:
        return parse(text)
    except ConfigError as problem:
        # The original error's frames hold the values.
        raise ConfigError(f"{path}: {problem}") from None


def env_path() -> Path:
    """Where ``.env`` is written, so that the commands given there read it."""
    here = Path.cwd()
    return (ROOT if here.is_relative_to(ROOT) else here) / ".env"


def write(path: Path, pair: KeyPair) -> None:
    """Puts the pair into ``path`` for its owner's eyes only, whole or not at all; other lines stay.

    Raises:
        ConfigError: It cannot be written, or what is there is no ``.env``.
    """
    values = {"KRAKEN_API_KEY": pair.key, "KRAKEN_API_SECRET": pair.secret, "EXCHANGE": "kraken"}
    target = path.resolve()
    try:
        before = target.read_bytes().decode() if target.exists() else ""
        _replace(target, _with(before, values).encode())
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not text: move it away") from None
    except OSError as problem:
        raise ConfigError(f"{path}: {problem.strerror}") from problem


def _with(before: str, values: Mapping[str, str]) -> str:
    left = dict(values)
    lines: list[str] = []
    for line in before.splitlines(keepends=True):
        name = line.strip().removeprefix("\ufeff").removeprefix("export ").partition("=")[0].strip()
        if name not in values:
            lines.append(line)
        elif name in left:
            lines.append(f"{name}={left.pop(name)}\n")
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join(lines) + "".join(f"{name}={value}\n" for name, value in left.items())


def _replace(target: Path, data: bytes) -> None:
    fresh = target.with_name(f"{target.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    try:
        # Made with its mode: there is no moment at which others may read it.
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
