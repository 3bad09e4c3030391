"""`init` writes a file that `check` accepts; `check` tells problems and plans, and never a key."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hive_console.cli import check, init

KEY = "sk-SECRETSECRET"


@pytest.fixture(autouse=True)
def _clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, no user configuration, one key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("ANTHROPIC_API_KEY", "DEEPSEEK_API_KEY", "XAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def run_init(*arguments: str) -> Result:
    return CliRunner().invoke(init.command, arguments)


def run_check(*arguments: str) -> Result:
    return CliRunner().invoke(check.command, arguments)


def test_starter_passes_the_check() -> None:
    written = run_init()
    checked = run_check()

    assert (written.exit_code, checked.exit_code) == (0, 0)
    assert written.output == "wrote hive.yaml; next: hive-console check hive.yaml\n"
    assert checked.output.startswith("hive.yaml can be used: 4 models, 3 warnings\n")


def test_starter_is_private() -> None:
    run_init("mine.yaml")

    assert stat.S_IMODE(Path("mine.yaml").stat().st_mode) == 0o600


def test_every_suggestion_of_the_starter_is_right_when_uncommented() -> None:
    text = init.STARTER.read_text("utf-8")
    lines = []
    for line in text.splitlines():
        bare = line.lstrip()
        is_setting = bare.startswith("# ") and bare[2:].lstrip().split(" ")[0].endswith(":")
        lines.append(line.replace("# ", "", 1) if is_setting and "://" not in bare.split(" ")[1] else line)
    full = "\n".join(lines).replace("key: env:OPENAI_API_KEY     # or", "key: env:OPENAI_API_KEY #")
    Path("full.yaml").write_text(full)
    Path("full.yaml").chmod(0o600)

    result = run_check("full.yaml")

    assert result.exit_code == 0, result.output + full
    assert "local-llama" in result.output


def test_existing_file_is_kept_without_force() -> None:
    Path("hive.yaml").write_text("precious")

    result = run_init()

    assert result.exit_code == 1
    assert "hive.yaml exists" in result.output
    assert Path("hive.yaml").read_text() == "precious"


def test_force_replaces_the_file_and_not_what_it_links_to(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    Path("hive.yaml").symlink_to(tmp_path / "precious")

    result = run_init("--force")

    assert result.exit_code == 0
    assert (tmp_path / "precious").read_text() == "precious"
    assert stat.S_IMODE(Path("hive.yaml").lstat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hive.yaml", "precious"]


def test_link_is_never_written_through(tmp_path: Path) -> None:
    Path("hive.yaml").symlink_to(tmp_path / "elsewhere")

    result = run_init()

    assert result.exit_code == 1
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("arguments", [("none/hive.yaml",), ("none/hive.yaml", "--force"), (".", "--force")])
def test_place_that_cannot_be_written_is_said(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = run_init(*arguments)

    assert result.exit_code == 1
    assert "cannot be written" in result.output
    assert list(tmp_path.iterdir()) == []


def test_check_without_a_file_says_where_it_looked() -> None:
    result = run_check()

    assert result.exit_code == 1
    assert result.stderr.startswith("no settings file (looked for hive.yaml, ")
    assert "write one with: hive-console init" in result.stderr


def test_problems_go_to_stderr_and_the_exit_code_is_1() -> None:
    Path("bad.yaml").write_text("models:\n  gpt-5: {timeout: 30, maxRetries: 99}\n  nobody: {}\n")
    Path("bad.yaml").chmod(0o600)

    result = run_check("bad.yaml")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert [line[:11] for line in result.stderr.splitlines()] == [
        "bad.yaml:2:",
        "bad.yaml:2:",
        "bad.yaml:3:",
        "3 problems;",
    ]


def test_plan_shows_what_each_model_amounts_to() -> None:
    run_init()
    gpt = run_check().output.split("\n\n")[3]

    assert gpt.splitlines() == [
        "gpt-5",
        "  provider    openai at api.openai.com, speaks openai, as gpt-5",
        "  aliases     gpt5, gpt-5-2025-08-07",
        "  key         env:OPENAI_API_KEY (found)",
        "  retry       1+2 calls, waits ~1 s, 2 s; 10 at once",
        "  clocks      5 s to connect, 25 s to answer or first token, 10 s between tokens",
        "  breaker     opens after 3 failures in a row; stays open 5, 10, 20, 20 s",
        "  recovery    closes after 1 good trial, then in steps of 20 good calls or 30 s",
        "  probe       models list (free) every 30 s, timeout 10 s",
        "  degraded    above 12.5 s (p95) or from 5 % of failures",
        "  chain       sequential: claude-4-sonnet, grok-3",
    ]


def test_plan_shows_weights_groups_probes_and_odd_durations() -> None:
    Path("hive.yaml").write_text(
        "environment: staging\n"
        "models:\n"
        "  a: {endpoint: 'http://[::1]', groups: [g], fallbacks: [b], weight: 3, maxRetries: 0, timeout: 2m}\n"
        "  b: {endpoint: 'http://127.0.0.1:2', probe: none, recoveryTimeout: 60s, circuitBreakerThreshold: 1}\n"
        "groups:\n  g: {strategy: weighted, probe: completion}\n"
        "resilience: {operationDeadline: 5m}\n"
    )
    Path("hive.yaml").chmod(0o600)

    output = run_check().output

    assert "  environment staging\n" in output
    assert "  operation   at most 5 min" in output
    assert "  groups      g\n" in output
    assert "  key         none\n" in output
    assert "  retry       1+0 calls, no retry; 10 at once\n" in output
    assert "  clocks      5 s to connect, 2 min to answer or first token" in output
    assert "  chain       weighted: a (3), b (1)\n" in output
    assert "  probe       short completion (about $0.0001) every 30 s" in output
    assert "  probes      at most $1 a day for completions, then models lists\n" in output
    assert "  probe       none: real traffic only\n" in output
    assert "  breaker     opens after 1 failure in a row; stays open 60 s\n" in output
    assert "  chain       no fallback\n" in output


def plan_lines(keys: str, resilience: str = "{}") -> str:
    """The plan of one model with these keys, its lines joined: where they break is another test's matter."""
    Path("hive.yaml").write_text(
        f"models: {{m: {{endpoint: 'http://127.0.0.1:1', {keys}}}}}\nresilience: {resilience}\n"
    )
    Path("hive.yaml").chmod(0o600)
    result = run_check()
    assert result.exit_code == 0, result.output
    assert max(map(len, result.output.splitlines())) <= 80
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            "failureRateThreshold: 50%, slowCallDuration: 10s, slowCallRateThreshold: 0.8",
            (
                "breaker opens after 5 failures in a row, or from 50 % of failures, or from 80 % of calls"
                " above 10 s (in the last 60 s, from 10 calls on); stays open 5, 10, 20, 20 s"
            ),
        ),
        (
            "failureRateThreshold: 7%, breakerWindowCalls: 20, minimumCalls: 5",
            "or from 7 % of failures (in the last 20 calls, from 5 calls on); stays open",
        ),
        ("recoveryTimeout: 250ms, recoveryBackoff: 3", "stays open 250, 750 ms, 2.25, 6.75 s recovery"),
        ("recoveryTimeout: 30s", "stays open 30 s recovery"),
        ("recoveryBackoff: 1", "stays open 5 s recovery"),
        ("breakerMode: disabled", "breaker disabled: admits everything, counts nothing probe"),
        (
            "breakerMode: metrics-only, failureRateThreshold: 0.5",
            "breaker metrics-only: never refuses; would open after 5 failures in a row, or from 50 % of failures",
        ),
        ("halfOpenProbes: 3, rampCalls: 0", "recovery closes after 3 good trials, then all traffic at once"),
        ("rampCalls: 5, rampSeconds: 2m", "then in steps of 5 good calls or 2 min"),
        (
            "headersTimeout: 9s, firstTokenTimeout: 8s, totalTimeout: 90s",
            (
                "clocks 5 s to connect, 9 s to headers, 8 s to the first token, 30 s to answer,"
                " 10 s between tokens, 90 s in all"
            ),
        ),
        ("strategy: parallel, fallbacks: [gpt-5]", "chain parallel (all at once): gpt-5"),
        (
            "strategy: parallel, hedgeAfter: 1500ms, fallbacks: [gpt-5]",
            "chain parallel (the next after 1.5 s): gpt-5",
        ),
        (
            "strategy: parallel, hedgeAfter: p95, fallbacks: [gpt-5]",
            "chain parallel (the next after its p95): gpt-5",
        ),
        ("strategy: fastest, fallbacks: [gpt-5]", "chain fastest: gpt-5"),
        ("adaptiveConcurrency: true", "10 at once, fewer while it is overloaded"),
        (
            "requestsPerMinute: 60, tokensPerMinute: 9000",
            "limits 60 requests a minute, 9000 tokens a minute clocks",
        ),
        ("requestsPerMinute: 60", "limits 60 requests a minute clocks"),
        ("probe: completion, probeCost: $0.02", "short completion (about $0.02) every 30 s"),
        ("inputPrice: $3, outputPrice: $15", "price $3 a million tokens read, $15 a million tokens written clocks"),
        ("inputPrice: $0", "price $0 a million tokens read clocks"),
    ],
)
def test_plan_tells_what_a_key_amounts_to(keys: str, told: str) -> None:
    assert told in plan_lines(keys)


@pytest.mark.parametrize(
    ("resilience", "told"),
    [
        (
            "{maxTotalRequests: 7, maxQueuedRequests: 3}",
            "all models included; 7 at once; 3 may wait for each model",
        ),
        (
            "{jitter: full, retryBudget: 5%, retryBudgetFloor: 1}",
            "auto; jitter: full; at most 5 % of a chain's operations in 10 s (1 in any case)",
        ),
        ("{lastResort: refuse}", "with every breaker open an operation is refused at once"),
        ("{lastResort: nearest}", "is tried early at the model nearest to its trial"),
        ("{degradedTokenCap: 0}", "degraded below 60 % of models available gateway"),
        (
            "{degradedTokenCap: 500}",
            "models available; callers' own token limits lowered to 500 when it gets worse",
        ),
        ("{replay: deny}", "replay denied: nothing is sent again where nobody knows whether it was carried out"),
        ("{outlierEjection: true, maxEjectionShare: 25%}", "outliers left alone, at most 25 % of the models"),
    ],
)
def test_plan_tells_what_holds_for_the_whole_fleet(resilience: str, told: str) -> None:
    assert told in plan_lines("timeout: 5s", resilience)


@pytest.mark.parametrize(
    ("gateway", "told"), [("{host: '::1'}", "http://[::1]:8484/v1"), ("{port: 0}", "any free port of 127.0.0.1")]
)
def test_plan_names_the_gateway(gateway: str, told: str) -> None:
    Path("hive.yaml").write_text(f"models: {{gpt-5: }}\ngateway: {gateway}\n")
    Path("hive.yaml").chmod(0o600)

    words = " ".join(run_check().output.split())

    assert f"gateway {told}, for programs on this machine, without a token" in words


@pytest.mark.parametrize(
    ("host", "reach"),
    [
        ("127.0.0.1", "programs on this machine, with the token of env:HIVE_TOKEN"),
        ("0.0.0.0", "whoever reaches this machine, on all its addresses, with the token of env:HIVE_TOKEN"),
        ("'::'", "whoever reaches this machine, on all its addresses, with the token of env:HIVE_TOKEN"),
        ("192.168.1.5", "whoever reaches 192.168.1.5, with the token of env:HIVE_TOKEN"),
    ],
)
def test_plan_tells_who_may_reach_the_gateway(monkeypatch: pytest.MonkeyPatch, host: str, reach: str) -> None:
    monkeypatch.setenv("HIVE_TOKEN", KEY + KEY)
    Path("hive.yaml").write_text(f"models: {{gpt-5: }}\ngateway: {{host: {host}, token: env:HIVE_TOKEN}}\n")
    Path("hive.yaml").chmod(0o600)

    told = run_check().output

    assert reach in " ".join(told.split())
    assert json.loads(run_check("--json").stdout)["gateway"]["reach"] == reach
    assert KEY not in told


def test_plan_tells_what_else_may_be_called_and_how_a_get_probe_asks() -> None:
    Path("hive.yaml").write_text(
        "models: {gpt-5: {probe: get, probePath: /health}}\n"
        "network: {allowedEndpoints: [llm.internal, 10.0.0.0/8]}\n"
    )
    Path("hive.yaml").chmod(0o600)

    told = run_check().output

    assert "  network     may also call llm.internal, 10.0.0.0/8\n" in told
    assert "GET /health (free) every 30 s" in told


def write_routes(routes: str) -> None:
    Path("hive.yaml").write_text(f"models: {{gpt-5: {{weight: 3}}, claude-4-sonnet: {{}}}}\nroutes: {routes}\n")
    Path("hive.yaml").chmod(0o600)


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ("{primary: gpt-5}", "gpt-5, no fallback"),
        ("{primary: gpt-5, fallbacks: [claude-4-sonnet]}", "sequential: gpt-5, claude-4-sonnet"),
        (
            "{primary: gpt-5, fallbacks: [claude-4-sonnet], strategy: weighted}",
            "weighted: gpt-5 (3), claude-4-sonnet (1)",
        ),
        (
            "{primary: gpt-5, fallbacks: [claude-4-sonnet], strategy: parallel, hedgeAfter: 2s}",
            "parallel (the next after 2 s): gpt-5, claude-4-sonnet",
        ),
    ],
)
def test_plan_tells_the_chain_of_each_route(route: str, told: str) -> None:
    write_routes(f"{{smart: {route}}}")

    output = run_check().output

    assert "2 models, 1 route" in output.splitlines()[0]
    assert output.endswith(f"\nsmart  (route)\n  chain       {told}\n")


def test_json_tells_the_routes() -> None:
    write_routes("{smart: {primary: gpt-5, fallbacks: [claude-4-sonnet], hedgeAfter: p95}}")

    assert json.loads(run_check("--json").stdout)["routes"] == [
        {
            "name": "smart",
            "primary": "gpt-5",
            "fallbacks": ["claude-4-sonnet"],
            "strategy": "sequential",
            "hedgeAfter": "p95",
        }
    ]


def test_plan_fits_80_columns() -> None:
    run_init()

    assert max(map(len, run_check().output.splitlines())) <= 80


def test_key_is_never_printed() -> None:
    run_init()

    assert "SECRET" not in run_check().output + run_check("--json").output


def test_json_tells_the_plan_to_programs() -> None:
    run_init()
    result = run_check("--json")
    told = json.loads(result.stdout)

    assert result.exit_code == 0
    assert told["ok"] is True
    assert len(told["warnings"]) == 3
    assert [model["id"] for model in told["models"]] == ["claude-4-sonnet", "gpt-5", "deepseek-v3", "grok-3"]
    gpt = told["models"][1]
    assert (gpt["waits"], gpt["timeout"], gpt["keyFound"]) == ([1.0, 2.0], 25.0, True)
    assert (gpt["openTimes"], gpt["hedgeAfter"], gpt["probeCost"]) == ([5.0, 10.0, 20.0, 20.0], 0.0, 0.0001)
    assert (gpt["inputPrice"], gpt["outputPrice"]) == (None, None)
    assert told["models"][2]["isStandIn"] is True


def test_json_tells_problems_on_stdout() -> None:
    Path("bad.yaml").write_text("models: {}\n")
    Path("bad.yaml").chmod(0o600)

    result = run_check("bad.yaml", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["problems"] == [
        "bad.yaml:1: models: is empty; name at least one model, such as claude-4-sonnet: {}"
    ]
