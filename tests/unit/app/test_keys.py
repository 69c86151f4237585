"""Keys out of files of every layout: what is certain is taken, what is not is refused unseen."""

import base64
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken.sign import KeyPair
from zoe.app import dotenv, keys
from zoe.domain.errors import ConfigError

KEY = base64.b64encode(bytes(range(42))).decode()
SECRET = base64.b64encode(bytes(range(100, 164))).decode()
PAIR = KeyPair(KEY, SECRET)
OTHER_SECRET = base64.b64encode(bytes(64)).decode()

LAYOUTS = {
    "equals": f"API_KEY={KEY}\nAPI_SECRET={SECRET}\n",
    "export": f"export KRAKEN_API_KEY={KEY}\nexport KRAKEN_API_SECRET='{SECRET}'\n",
    "colons": f"API Key: {KEY}\nPrivate Key: {SECRET}\n",
    "below their labels": f"API key\n{KEY}\n\nPrivate key\n{SECRET}\n",
    "below labels with colons": f"API key:\n\n  {KEY}\n\nSecret:\n  {SECRET}\n",
    "a heading": f"Kraken API keys\n=======\n\nAPI key:\n{KEY}\nAPI secret:\n{SECRET}\n",
    "bare": f"{KEY}\n{SECRET}\n",
    "bare, exchanged": f"{SECRET}\n\n{KEY}\n",
    "quotes": f"key = '{KEY}'\nsecret = \"{SECRET}\"\n",
    "JSON": f'{{"apiKey": "{KEY}", "secret": "{SECRET}"}}',
    "JSON on lines": f'{{\n  "key": "{KEY}",\n  "privateKey": "{SECRET}",\n}}\n',
    "JSON within": f'{{"kraken": {{"apiKey": "{KEY}", "secret": "{SECRET}"}}}}',
    "a list": f"- **API Key:** `{KEY}`\n- **Private Key:** `{SECRET}`\n",
    "blanks between": f"API Key   {KEY}\nPrivate Key\t{SECRET}\n",
    "a section": f"[kraken]\n; mine\nkey={KEY}  # read and trade\nsecret={SECRET}\n",
    "half named": f"API key: {KEY}\n{SECRET}\n",
    "said twice": f"key: {KEY}\nsecret: {SECRET}\nkey: {KEY}\n",
    "accounts and passwords": (
        f"username: jo\npassword: {'p' * 40}\nUser\njo\nPassword\nsecretkey1\n2FA secret: ABCDEF\n"
        f"API key name: trade\nAPI key: {KEY}\nPrivate key: {SECRET}\nnonce window: 0\n"
        "https://www.kraken.com/u/security/api\n"
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_usual_layouts_are_understood(layout: str) -> None:
    assert keys.parse(LAYOUTS[layout]) == PAIR


def test_a_value_that_ends_with_the_separating_sign_is_whole() -> None:
    padded = base64.b64encode(bytes(31)).decode()
    for between in ("\t", " ", "=", ": "):
        text = f"API Key{between}{padded}\nPrivate Key{between}{SECRET}\n"
        assert keys.parse(text) == KeyPair(padded, SECRET)


KEY_LABELS = (
    "API Key",
    "api_key",
    "apiKey",
    "KEY",
    "Key",
    "KRAKEN_API_KEY",
    "public key",
    "APIKEY",
)
SECRET_LABELS = (
    *("Private Key", "API Secret", "secret", "api_secret", "privateKey", "KRAKEN_API_SECRET"),
    "API private key",
)
OTHERS = ("username: jo", "Password: hunter2", "email = jo@example.org", "# mine", "", "---")


@given(
    labels=st.tuples(st.sampled_from(KEY_LABELS), st.sampled_from(SECRET_LABELS)),
    between=st.sampled_from(("=", " = ", ":", ": ", " : ", "\n", ":\n", ":\n\n", "\t", " => ")),
    quote=st.sampled_from(("", "'", '"', "`")),
    ending=st.sampled_from(("\n", "\r\n", "\n\n", "\r\n\r\n")),
    others=st.lists(st.sampled_from(OTHERS), min_size=3, max_size=3),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16")),
    values=st.tuples(st.binary(min_size=30, max_size=48), st.binary(min_size=64, max_size=64)),
    exchanged=st.booleans(),
)
def test_any_mixture_of_the_usual_habits_is_understood(
    tmp_path_factory: pytest.TempPathFactory,
    labels: tuple[str, str],
    between: str,
    quote: str,
    ending: str,
    others: list[str],
    encoding: str,
    values: tuple[bytes, bytes],
    exchanged: bool,
) -> None:
    texts = [base64.b64encode(value).decode() for value in values]
    lines = [
        f"{label}{between}{quote}{text}{quote}" for label, text in zip(labels, texts, strict=True)
    ]
    if exchanged:
        lines.reverse()
    text = "\n".join((others[0], lines[0], others[1], lines[1], others[2]))
    path = tmp_path_factory.getbasetemp() / "kraken.txt"
    path.write_bytes(text.replace("\n", ending).encode(encoding))
    assert keys.read(path) == KeyPair(*texts)


@given(text=st.text(max_size=400) | st.binary(max_size=400).map(lambda b: b.decode("latin-1")))
def test_no_text_does_more_than_being_refused(text: str) -> None:
    try:
        keys.parse(text)
    except ConfigError as refusal:
        assert len(str(refusal)) < 200


REFUSED = {
    "nothing": ("", "no API key and no private key"),
    "half": (f"API key: {KEY}\n", "no private key"),
    "the other half": (f"secret: {SECRET}\n", "no API key"),
    "two keys": (f"key: {KEY}\nkey: {KEY[::-1]}\nsecret: {SECRET}\n", "lines 1, 2"),
    "two secrets": (f"key: {KEY}\nsecret: {SECRET}\nsecret: {OTHER_SECRET}\n", "lines 2, 3"),
    "two of the same form": (f"{SECRET}\n{OTHER_SECRET}\n", "lines 1 and 2"),
    "labels in a row": (f"API key\nPrivate key\n{KEY}\n{SECRET}\n", "lines 1 and 2"),
    "a broken line": (f"key: {KEY}\nsecret: {SECRET[:44]}\n{SECRET[44:]}\n", "line 3"),
    "exchanged": (f"key: {SECRET}\nsecret: {KEY}\n", "exchanged"),
    "the same twice": (f"key: {SECRET}\nsecret: {SECRET}\n", "the same"),
    "blanks in it": (f"key: {KEY[:20]} {KEY[20:]}\nsecret: {SECRET}\n", "line 1"),
    "no base64": (f"key: {KEY}\nsecret: not.base.64\n", "base64"),
    "a password only": (f"user: jo\npassword: {SECRET}\n", "no API key and no private key"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_certain_is_refused_with_its_line(case: str) -> None:
    text, said = REFUSED[case]
    with pytest.raises(ConfigError, match=said) as refused:
        keys.parse(text)
    for value in (KEY, SECRET, OTHER_SECRET, KEY[20:], SECRET[:44]):
        assert value not in str(refused.value)
        assert value not in repr(refused.value)


def test_a_file_that_is_no_list_of_keys_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(ConfigError, match=str(path)):
            keys.read(path)
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * (keys.LONGEST_FILE + 1))
    with pytest.raises(ConfigError, match="longer than"):
        keys.read(large)


# Writing


def test_what_is_written_is_read_back_by_the_desk(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    keys.write(path, PAIR)
    assert dotenv.read(path) == {
        "KRAKEN_API_KEY": KEY,
        "KRAKEN_API_SECRET": SECRET,
        "EXCHANGE": "kraken",
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"], "nothing is left beside it"


def test_other_lines_stay_and_old_keys_go(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(
        "# mine\nEXCHANGE=sandbox\nDATABASE_URL=postgresql://u@h/d\n\n"
        "export KRAKEN_API_KEY='old'\nKRAKEN_API_SECRET=old\nKRAKEN_API_KEY=older\nLAST=1"
    )
    path.chmod(0o644)
    keys.write(path, PAIR)
    assert path.read_text() == (
        "# mine\nEXCHANGE=kraken\nDATABASE_URL=postgresql://u@h/d\n\n"
        f"KRAKEN_API_KEY={KEY}\nKRAKEN_API_SECRET={SECRET}\nLAST=1\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.env"
    real.write_text("A=1\n")
    (tmp_path / ".env").symlink_to(real)
    keys.write(tmp_path / ".env", PAIR)
    assert (tmp_path / ".env").is_symlink()
    assert dotenv.read(real)["A"] == "1"


def test_a_place_that_cannot_be_written_keeps_what_it_had(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.env"):
        keys.write(tmp_path / "absent" / ".env", PAIR)
    binary = tmp_path / ".env"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not text"):
        keys.write(binary, PAIR)
    assert binary.read_bytes() == b"\xff\xfe\x00"


def test_a_stranger_never_sees_the_file_half_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    fsync = os.fsync

    def watching(file: int) -> None:
        modes.extend(stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir() if p.is_file())
        fsync(file)

    monkeypatch.setattr(os, "fsync", watching)
    old = os.umask(0)
    try:
        keys.write(tmp_path / ".env", PAIR)
    finally:
        os.umask(old)
    assert modes == [0o600, 0o600]
