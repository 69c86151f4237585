"""Settings: who wins, what is refused, and that secrets stay out of sight."""

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import get_type_hints

import attrs
import pytest

from zoe.app import claims, dotenv, settings, strategy_settings
from zoe.app.settings import load
from zoe.app.version import VERSION
from zoe.domain.errors import ConfigError

LOCAL = {
    "KRAKEN_REST_URL": "http://127.0.0.1:1",
    "KRAKEN_WS_URL": "ws://localhost:1/v2",
    "KRAKEN_WS_AUTH_URL": "ws://[::1]:1/auth/v2",
}


FAR = {
    "KRAKEN_REST_URL": "https://exchange.example",
    "KRAKEN_WS_URL": "wss://exchange.example/v2",
    "KRAKEN_WS_AUTH_URL": "wss://exchange.example/v2",
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "zoe.toml"
    path.write_text(text)
    return path


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    file = written(tmp_path, '[exchange]\nname = "robinhood"\ntier = "pro"\n')
    environ = {"EXCHANGE": "kraken"}
    found = load(file, {"exchange.name": "sandbox"}, environ)
    assert found.exchange.name == "sandbox"
    assert load(file, {}, environ).exchange.name == "kraken"
    assert load(file, {}, {}).exchange.name == "robinhood"
    assert load(file, {}, {}).exchange.tier == "pro"
    assert load(written(tmp_path, ""), {}, {}).exchange.tier == "starter"
    shown = found.shown
    assert shown["exchange.name"] == ("sandbox", "flag")
    assert shown["exchange.tier"] == ("pro", "file")
    assert shown["risk.max_open_orders"] == ("50", "default")


def test_the_shipped_file_says_what_the_defaults_are(tmp_path: Path) -> None:
    shipped, bare = load(None, {}, {}), load(written(tmp_path, ""), {}, {})
    assert attrs.evolve(shipped, shown={}) == attrs.evolve(bare, shown={})
    sources = {key: source for key, (_, source) in shipped.shown.items() if key != "state_dir"}
    assert sources == dict.fromkeys(settings.known_keys(), "file")


def test_the_ranges_that_the_shipped_file_tells_are_those_in_force(tmp_path: Path) -> None:
    told: dict[str, str] = {}
    section = ""
    for line in settings.DEFAULT_FILE.read_text().splitlines():
        section = line.strip("[]").partition("]")[0] if line.startswith("[") else section
        if found := re.match(r"(\w+) = .*#.* ([\d.]+ to [\d.]+)\b", line):
            told[f"{section}.{found[1]}"] = found[2]
    assert len(told) > 60
    for key, allowed in told.items():
        name, _, field = key.rpartition(".")
        with pytest.raises(ConfigError, match=rf"{field} must be {re.escape(allowed)}, not"):
            load(written(tmp_path, f"[{name}]\n{field} = {10**15}\n"), {}, {})


def test_decimals_of_the_file_stay_exact(tmp_path: Path) -> None:
    file = written(tmp_path, "[risk]\nmax_order_notional = 0.1\n")
    assert load(file, {}, {}).risk.max_order_notional == Decimal("0.1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[exchange]\ntire = 'pro'\n", "zoe.toml); did you mean exchange.tier?"),
        ("[risks]\nmax_open_orders = 1\n", "did you mean risk.max_open_orders"),
        ("[exchange]\ntier = 'gold'\n", "tier must be starter, intermediate or pro, not 'gold'"),
        ("[exchange]\ntier = 'stater'\n", "did you mean starter?"),
        ("[log]\nlevel = 'INFOS'\n", "did you mean INFO?"),
        ("[log]\nlevel = 'warn'\n", "did you mean WARNING?"),
        ("[strategy.edge_factory]\nmode = 'lvie'\n", "did you mean live?"),
        ("[risk]\nmax_open_orders = 'many'\n", "max_open_orders"),
        ("[risk]\nmax_open_orders = true\n", "whole number"),
        ("[risk]\nmax_order_notional = nan\n", "finite"),
        ("[desk]\nfocus = [1]\n", "text"),
        ("[strategy.quote_keeper]\nquantity = 0\n", "quantity"),
        ("[strategy.quote_keeper]\nmode = 'loud'\n", "off, sandbox or live"),
        ("[strategy.edge_factory]\ngamma = 1\n", "gamma must be 0.0001 to 0.05, not 1"),
        ("[strategy.edge_factory]\nmode = 'paper'\n", "mode must be off, shadow or live"),
        ("[strategy.edge_factory]\nmode = 'live'\n", "pairs names none"),
        ("[strategy.edge_factory]\nclaim = ['BTC 1']\n", 'as "BTC/USD 0.5"'),
        ("[strategy.edge_factory]\nclaim = ['BTC/USD -1']\n", "more than 0, not 'BTC/USD -1' (/"),
        ("[strategy.crypto_trader]\nmode = 'shadow'\n", "needs [scout] enabled = true"),
        ("[strategy.crypto_trader]\nrisk_bps = 500\n", "risk_bps must be 5 to 100, not 500"),
        (
            "[strategy.crypto_trader]\nrisk_bsp = 5\n",
            "did you mean strategy.crypto_trader.risk_bps",
        ),
        (
            "[scout]\nenabled = true\n[strategy.crypto_trader]\nmode = 'live'\nstops = 'exchange'\n",
            "dead-man's switch would cancel the stops",
        ),
        ("[exchange\n", "zoe.toml"),
        (f"x = {'[' * 5_000}", "zoe.toml"),
        (f"[risk]\nmax_open_orders = {'9' * 5_000}\n", "zoe.toml"),
        (f"[risk]\nmax_open_orders = '{'9' * 5_000}'\n", "…: a whole number is needed"),
        ("[risk]\nmax_order_notional = 'abc'\n", "cannot be 'abc': a number is needed"),
        ("[risk]\nmax_daily_loss_bps = 12.5\n", "cannot be '12.5': a whole number is needed"),
        ("[risk]\nmax_asset_position = ['BTC 1', 'BTC 2']\n", "has an asset twice"),
        ("[exchange]\nlag_ms = 99999999\n", "lag_ms must be 0 to 600000, not 99999999 (/"),
        ("[scout]\nhorizon_seconds = 61\n", "must be 60, 300, 900, 3600, 14400 or 86400, not 61"),
        ("[risk]\ncurrency = ''\n", "currency must not be empty"),
        ("[risk]\nbreaker_state = 'halted'\n", "did you mean HALTED?"),
        (f"# {'x' * 1_000_000}\n", "more than 1000000 bytes"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_the_place(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        load(written(tmp_path, text), {}, {})
    assert "\n" not in str(caught.value)


FIGURES = [
    f"{name}.{field}"
    for name, kind in (*settings._SECTIONS.items(), *strategy_settings.SWITCHES.items())
    for field, wanted in get_type_hints(kind).items()
    if wanted in (int, Decimal, float)
]


@pytest.mark.parametrize("key", FIGURES)
@pytest.mark.parametrize("value", [-(10**15), 10**15])
def test_no_figure_is_without_bounds_and_who_passes_them_is_told_what_and_where(
    tmp_path: Path, key: str, value: int
) -> None:
    section, _, field = key.rpartition(".")
    file = written(tmp_path, f"[{section}]\n{field} = {value}\n")
    allowed = rf"{field} must be (.+ to .+|greater than .+|.+ or .+), not "
    with pytest.raises(ConfigError, match=allowed) as caught:
        load(file, {}, {})
    assert str(caught.value).endswith(f"({file})")


def test_what_is_wrong_is_told_with_where_it_came_from(tmp_path: Path) -> None:
    file = written(tmp_path, "[exchange]\nname = 'kraken'\n")
    with pytest.raises(ConfigError, match=r"not 'krakn'; did you mean kraken\? \(EXCHANGE\)$"):
        load(file, {}, {"EXCHANGE": "krakn"})
    with pytest.raises(ConfigError, match=r"exchange\.lag_ms \(/.*zoe\.toml\) cannot be 'x'"):
        load(written(tmp_path, "[exchange]\nlag_ms = 'x'\n"), {}, {})


def test_a_file_that_begins_with_a_mark_is_read(tmp_path: Path) -> None:
    file = written(tmp_path, "\ufeff[exchange]\r\ntier = 'pro'\r\n")
    assert load(file, {}, {}).exchange.tier == "pro"


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("KRAKEN_REST_URL", "http://exchange.example"),
        ("KRAKEN_WS_AUTH_URL", "ws://exchange.example/v2"),
    ],
)
def test_a_key_goes_to_another_machine_by_closed_ways_only(name: str, address: str) -> None:
    with pytest.raises(ConfigError, match="is not encrypted"):
        load(None, {}, FAR | {name: address})


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1", "wss", "wss://", "ws://[::1", "ws://127.0.0.1:99999", "ws://h:port"],
)
def test_an_address_of_another_kind_is_none(address: str) -> None:
    told = r"exchange\.ws_url \(KRAKEN_WS_URL\): .* is not an address of an exchange: wss://…$"
    with pytest.raises(ConfigError, match=told):
        load(None, {}, LOCAL | {"KRAKEN_WS_URL": address})


def test_an_exchange_that_nobody_knows_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"did you mean kraken\?"):
        load(written(tmp_path, ""), {}, {"EXCHANGE": "krakn"})


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "absent.toml", {}, {})


def test_only_three_loopback_addresses_are_not_live() -> None:
    assert not load(None, {}, LOCAL).is_live
    assert load(None, {}, {"EXCHANGE": "kraken"}).is_live
    assert load(None, {}, FAR).is_live
    assert load(None, {}, {}).own_sandbox
    assert not load(None, {}, {}).is_live


@pytest.mark.parametrize("left_out", sorted(LOCAL))
def test_a_mixture_of_loopback_and_other_addresses_is_refused(left_out: str) -> None:
    mixed = {name: url for name, url in LOCAL.items() if name != left_out}
    with pytest.raises(ConfigError, match="mix"):
        load(None, {}, mixed)


def test_secrets_are_in_no_repr_and_in_no_shown_row() -> None:
    environ = {
        "KRAKEN_API_KEY": "the-key",
        "KRAKEN_API_SECRET": "the-secret",
        "DATABASE_URL": "postgresql://u:the-password@h/d",
        "RH_CRYPTO_PRIVATE_KEY_SEED": "the-seed",
    }
    found = load(None, {}, environ)
    assert set(found.secrets) == {
        *("the-secret", "postgresql://u:the-password@h/d", "the-password", "the-seed"),
    }
    assert "the-" not in repr(found) + repr(found.shown)


def test_dotenv_fills_what_the_environment_lacks(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(
        b"\xef\xbb\xbf# a comment\r\n\r\nexport EXCHANGE='kraken'\r\nKRAKEN_API_KEY=k\r\n"
    )
    file.chmod(0o600)
    assert load(None, {}, {}).exchange.name == "kraken"
    assert load(None, {}, {"EXCHANGE": "sandbox"}).exchange.name == "sandbox"


def test_a_working_directory_that_is_gone_has_no_dotenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.setattr(dotenv, "_ROOT", tmp_path)
    (tmp_path / ".env").write_text("A=1\n")
    with monkeypatch.context() as there:
        there.chdir(gone)
        gone.rmdir()
        assert dotenv.read() == {"A": "1"}


def test_a_dotenv_with_secrets_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("KRAKEN_API_SECRET=s\n")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600") as caught:
        dotenv.read(file)
    assert "=s" not in str(caught.value)


def test_a_line_that_is_no_variable_is_refused_by_number_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\nthe-secret-alone\n")
    with pytest.raises(ConfigError, match="line 2") as caught:
        dotenv.read(file)
    assert "secret-alone" not in str(caught.value)


def test_a_user_without_a_home_is_asked_for_a_state_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "geteuid", lambda: 54_321)
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    with pytest.raises(ConfigError, match="ZOE_STATE_DIR must name a directory"):
        settings.state_dir({})
    with pytest.raises(ConfigError, match="ZOE_STATE_DIR must name a directory"):
        settings.state_dir({"ZOE_STATE_DIR": "~nobody-of-this-name/zoe"})
    with pytest.raises(ConfigError, match="ZOE_STATE_DIR must name a directory"):
        settings.state_dir({"ZOE_STATE_DIR": "/var/\udcff"})
    assert settings.state_dir({"ZOE_STATE_DIR": "/var/zoe"}) == Path("/var/zoe")
    with pytest.raises(ConfigError, match="HOME must name a directory"):
        claims.account_file("kraken:a")


def test_a_socket_path_that_is_too_long_moves_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    found = load(None, {}, {"ZOE_STATE_DIR": str(deep)})
    assert len(str(found.door_path)) < 108
    other = load(None, {}, {"ZOE_STATE_DIR": str(deep) + "2"})
    assert found.door_path != other.door_path


def test_the_version_is_the_one_of_the_package() -> None:
    text = (settings.ROOT / "pyproject.toml").read_text()
    assert f'version = "{VERSION}"' in text


def test_the_strategies_of_many_pairs_are_off_unless_somebody_says_otherwise(
    tmp_path: Path,
) -> None:
    found = load(None, {}, {})
    assert (found.edge_factory.mode, found.crypto_trader.mode) == ("off", "off")
    text = (
        "[scout]\nenabled = true\n[strategy.crypto_trader]\nmode = 'shadow'\n"
        "[strategy.edge_factory]\nmode = 'live'\npairs = ['X/USD']\nclaim = ['X/USD 0.5']\n"
        "[sandbox]\nmarket = 'lively'\npairs = 'all'\n"
    )
    changed = load(written(tmp_path, text), {}, {})
    assert changed.edge_factory.claims == (("X/USD", Decimal("0.5")),)
    assert (changed.crypto_trader.mode, changed.crypto_trader.unmet) == ("shadow", None)
    assert changed.sandbox.market == "lively"
    assert changed.shown["strategy.edge_factory.mode"] == ("live", "file")
