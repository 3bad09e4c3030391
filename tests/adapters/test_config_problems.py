"""What a settings file can get wrong: every problem is told at once, each with its line and what would be right."""

from __future__ import annotations

import pytest

from hive_console.adapters.config_file import load_text
from hive_console.adapters.config_file.problems import MAX_PROBLEMS
from hive_console.core.errors import ConfigurationError

GOOD = "models:\n  gpt-5: {}\n"


def problems_of(text: str, environ: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load_text(text, "hive.yaml", environ or {})
    return caught.value.problems


def model(*lines: str) -> str:
    """A file with one model; the first of `lines` stands on line 3."""
    return "models:\n  gpt-5:\n" + "".join(f"    {line}\n" for line in lines)


BAD = {
    "empty file": ("", 1, "is empty; name at least one model"),
    "only a comment": ("# nothing\n", 1, "is empty"),
    "not a mapping": ("just text\n", 1, '"just text" stands where a mapping is expected'),
    "a list at the top": ("- gpt-5\n", 1, "is a list; write a mapping"),
    "no models": ("resilience:\n  defaultTimeout: 3s\n", 1, "models: is missing; name at least one model"),
    "empty models": ("environment: x\nmodels: {}\n", 2, "models: is empty; name at least one model"),
    "models as a list": ("models:\n  - gpt-5\n", 2, "models: is a list; write a mapping: claude-4-sonnet: {}"),
    "syntax": ("models:\n  gpt-5: [1,\n", 3, "is no valid YAML: did not find expected"),
    "tab": ("models:\n\tgpt-5: {}\n", 2, "is no valid YAML: found character that cannot start any token"),
    "control character": ("models:\n  gpt-5: {}\n  a\x1b[2J: {}\n", 3, "has a control character (U+001B)"),
    "alias bomb": (
        "a: &a [x]\nb: &b [*a, *a]\nmodels: {}\n",
        2,
        "b: *a is a YAML alias; write the value itself",
    ),
    "anchor": (model("timeout: &t 3s"), 3, "models.gpt-5.timeout: &t is a YAML anchor; use groups:"),
    "tag": (model('maxRetries: !!int "3"'), 3, "the YAML tag tag:yaml.org,2002:int is not accepted"),
    "python tag": (model("timeout: !!python/object/apply:os.system [id]"), 3, "is not accepted; write the plain"),
    "merge key": (model("<<: {timeout: 3s}"), 3, "models.gpt-5.<<: is no known key"),
    "duplicate key": (model("timeout: 3s", "timeout: 4s"), 4, "timeout: is given twice, first on line 3"),
    "duplicate on one line": (
        "models:\n  gpt-5: {timeout: 3s, timeout: 4s}\n",
        2,
        "is given twice, first on line 2",
    ),
    "duplicate model": ("models:\n  gpt-5: {}\n  gpt-5: {}\n", 3, "models.gpt-5: is given twice"),
    "second document": (GOOD + "---\n" + GOOD, 3, "a second YAML document begins here"),
    "deep": ("models:\n  gpt-5:\n    fallbacks: " + "[" * 2000, 3, "nested deeper than 20 levels"),
    "deep mapping": ("".join(" " * depth + "a:\n" for depth in range(40)), 21, "nested deeper than 20 levels"),
    "list as key": ("models:\n  [a, b]: {}\n", 2, "a list or mapping stands where a key is expected"),
    "boolean as key": ("models:\n  no: {}\n", 2, "models: the key no is a boolean to YAML; put it in quotes"),
    "number as model": ("models:\n  4.1: {}\n", 2, "models: the key 4.1 is a number to YAML; put it in quotes"),
    "strange model id": ("models:\n  'a b': {}\n", 2, '"a b" is no name'),
    "no-break space": ("models:\n  gpt-5\u00a0: {}\n", 2, '"gpt-5\\u00a0" is no name'),
    "escape in a model id": ('models:\n  "a\\e[2J": {}\n', 2, '"a␛[2J" is no name'),
    "long model id": (f"models:\n  {'a' * 81}: {{}}\n", 2, "has 81 characters; a name has at most 80"),
    "unknown section": (GOOD + "resilence:\n  defaultTimeout: 3s\n", 3, "did you mean resilience?"),
    "unknown key": (model("timout: 3s"), 3, "models.gpt-5.timout: is no known key; did you mean timeout?"),
    "snake case": (model("max_retries: 3"), 3, "did you mean maxRetries?"),
    "another tool's word": (model("base_url: https://x.example/v1"), 3, "did you mean endpoint?"),
    "far from any key": (model("zzz: 3"), 3, "is no known key; known are provider, endpoint"),
    "unknown resilience key": (GOOD + "resilience:\n  timeout: 3s\n", 4, "did you mean defaultTimeout?"),
    "bare duration": (model("timeout: 30"), 3, "timeout: 30 has no unit; write 30s for seconds"),
    "quoted bare duration": (model('timeout: "30"'), 3, "30 has no unit; write 30s"),
    "wrong unit": (model("timeout: 30 sec"), 3, '"30 sec" is not a duration; write a duration with its unit'),
    "sexagesimal": (model("timeout: 12:30:45"), 3, "12:30:45 is a base-60 number to YAML; write a duration"),
    "date": (model("timeout: 2025-09-08"), 3, "2025-09-08 is a date to YAML"),
    "null duration": (model("timeout:"), 3, "timeout: has no value; write a duration"),
    "list for a duration": (model("timeout: [3s]"), 3, "timeout: is a list; write a duration"),
    "mapping for a duration": (model("timeout: {s: 3}"), 3, "timeout: is a mapping; write a duration"),
    "duration too long": (model("timeout: 25h"), 3, "90000 is out of bounds; must be from 0.05 to 86400 seconds"),
    "negative duration": (model("timeout: -1s"), 3, "-1 is out of bounds"),
    "too many retries": (model("maxRetries: 11"), 3, "maxRetries: 11 is out of bounds; must be from 0 to 10"),
    "quoted number": (model('maxRetries: "3"'), 3, '"3" is text because of its quotes; write 3'),
    "yes for a number": (model("maxRetries: yes"), 3, "yes is a boolean to YAML; write a whole number"),
    "octal": (model("maxRetries: 010"), 3, "010 is not a whole number such as 3"),
    "fraction": (model("maxRetries: 2.5"), 3, "2.5 is not a whole number"),
    "infinite": (model("weight: .inf"), 3, ".inf is not a number such as 1 or 0.5"),
    "word for a number": (model("weight: heavy"), 3, '"heavy" is text; write a number'),
    "zero threshold": (model("circuitBreakerThreshold: 0"), 3, "0 is out of bounds; must be from 1 to 1000"),
    "percent beyond 100": (GOOD + "resilience:\n  degradedModeThreshold: 101\n", 4, "101 is out of bounds"),
    "share for percent": (GOOD + "resilience:\n  degradedModeThreshold: 0.6\n", 4, "write 60 for 60 %"),
    "word for percent": (GOOD + "resilience:\n  degradedModeThreshold: half\n", 4, "write a percentage such as 60"),
    "percent for share": (model("degradedErrorRate: 5"), 3, "5 is out of bounds; must be from 0 to 1"),
    "word for share": (model("degradedErrorRate: few"), 3, "write a share such as 5% or 0.05"),
    "bare size": (GOOD + "gateway:\n  maxBody: 8\n", 4, "8 has no unit; write a size"),
    "odd size": (GOOD + "gateway:\n  maxBody: 8 MB\n", 4, '"8 MB" is text; write a size'),
    "tiny size": (GOOD + "gateway:\n  maxBody: 1B\n", 4, "1 is out of bounds"),
    "open gateway": (
        GOOD + "gateway:\n  host: 0.0.0.0\n",
        4,
        "gateway.host: 0.0.0.0 is not a loopback address; use 127.0.0.1, or set gateway.token",
    ),
    "host with a path": (
        GOOD + "gateway:\n  host: a/b\n",
        4,
        "is no address of this machine; write an address such as 127.0.0.1",
    ),
    "port": (GOOD + "gateway:\n  port: 65536\n", 4, "65536 is out of bounds"),
    "slow rate without a duration": (
        model("timeout: 9s", "slowCallRateThreshold: 50%"),
        4,
        "models.gpt-5.slowCallRateThreshold: needs slowCallDuration, which says what is slow",
    ),
    "slow rate out of bounds": (model("slowCallRateThreshold: 0"), 3, "0 is out of bounds; must be from 0.01 to 1"),
    "window below the minimum": (
        model("breakerWindowCalls: 5"),
        3,
        "breakerWindowCalls: 5 is out of bounds; must be from 10 to 10000 calls",
    ),
    "window of no calls": (model("breakerWindowCalls: 0"), 3, "0 is out of bounds; must be from 1 to 10000 calls"),
    "connect timeout": (
        model("connectTimeout: 5ms"),
        3,
        "0.005 is out of bounds; must be from 0.01 to 86400 seconds",
    ),
    "backoff that shrinks": (model("recoveryBackoff: 0.5"), 3, "0.5 is out of bounds; must be from 1 to 10"),
    "share of failures in percent": (
        model("failureRateThreshold: 50"),
        3,
        "50 is out of bounds; must be from 0.01",
    ),
    "another tool's window": (model("slidingWindowSize: 50"), 3, "did you mean breakerWindowCalls?"),
    "another tool's trials": (model("half_open_max_calls: 5"), 3, "did you mean halfOpenProbes?"),
    "word for hedging": (model("hedgeAfter: p99"), 3, '"p99" is neither a duration such as 500ms or 2s nor p95'),
    "bare hedging": (model("hedgeAfter: 2"), 3, "2 has no unit; write 2s for seconds"),
    "null hedging": (model("hedgeAfter:"), 3, "has no value; write a duration"),
    "hedging out of bounds": (
        model("hedgeAfter: 25h"),
        3,
        "90000 is out of bounds; must be from 0 to 86400 seconds",
    ),
    "money without its sign": (model("probeCost: 0.01"), 3, "0.01 has no unit; write $0.01 for dollars"),
    "money of another country": (model("probeCost: 1 EUR"), 3, '"1 EUR" is text; write dollars with their sign'),
    "money too small": (
        model("probeCost: $0.0000001"),
        3,
        "write dollars with their sign and at most six decimals",
    ),
    "money in a list": (model("probeCost: [$1]"), 3, "is a list; write dollars with their sign"),
    "money out of bounds": (
        model("probeCost: $1000.000001"),
        3,
        "probeCost: $1000.000001 is out of bounds; must be from $0 to $1000",
    ),
    "budget out of bounds": (
        GOOD + "resilience:\n  probeDailyBudget: $1000001\n",
        4,
        "$1000001 is out of bounds; must be from $0 to $1000000",
    ),
    "yes for true": (model("adaptiveConcurrency: yes"), 3, "yes is a boolean to YAML; write true or false"),
    "quoted true": (model('adaptiveConcurrency: "true"'), 3, '"true" is text because of its quotes; write true'),
    "number for true": (model("adaptiveConcurrency: 1"), 3, "1 is a number to YAML; write true or false"),
    "null for true": (model("adaptiveConcurrency:"), 3, "has no value; write true or false"),
    "unknown mode": (
        model("breakerMode: metrics"),
        3,
        '"metrics" is not one of enforcing, metrics-only or disabled',
    ),
    "unknown jitter": (GOOD + "resilience:\n  jitter: ful\n", 4, "did you mean full?"),
    "unknown last resort": (GOOD + "resilience:\n  lastResort: retry\n", 4, "is not one of refuse or nearest"),
    "too many tokens": (
        GOOD + "resilience:\n  degradedTokenCap: -1\n",
        4,
        "-1 is out of bounds; must be from 0 to 1e+07 tokens",
    ),
    "unknown strategy": (model("strategy: sequental"), 3, "did you mean sequential?"),
    "boolean for a choice": (
        GOOD + "resilience:\n  retryBeforeFallback: off\n",
        4,
        "off is a boolean to YAML; write auto, always or never",
    ),
    "boolean for a name": (GOOD + "environment: on\n", 3, "on is a boolean to YAML; put it in quotes"),
    "long environment": (GOOD + f"environment: {'x' * 25}\n", 3, "has 25 characters; at most 24"),
    "date for a wire name": (model("wireName: 2024-08-06"), 3, "2024-08-06 is a date to YAML; put it in quotes"),
    "one fallback without a list": (model("fallbacks: grok-3"), 3, "is a single value; write a list: [grok-3]"),
    "empty fallbacks": (model("fallbacks:"), 3, "has no value; write a list"),
    "mapping for fallbacks": (model("fallbacks: {a: b}"), 3, "fallbacks: is a mapping; write a list"),
    "fallback nobody knows": (
        model("fallbacks:", "  - grok-3", "  - gpt-6x"),
        5,
        "gpt-6x is neither a model of this file nor of the catalogue",
    ),
    "misspelled fallback": (model("fallbacks: [deepsek-v3]"), 3, "did you mean deepseek-v3?"),
    "self-fallback": (model("fallbacks: [gpt-5]"), 3, "gpt-5 is its own fallback; remove it"),
    "self-fallback by alias": (model("fallbacks: [gpt5]"), 3, "gpt5 (it is gpt-5 itself) is its own fallback"),
    "fallback twice": (model("fallbacks: [grok-3, grok-3]"), 3, "grok-3 is listed twice; keep one"),
    "fallback twice by alias": (model("fallbacks: [grok-3, grok3]"), 3, "it is the same model as grok-3"),
    "alias of two models": (
        "models:\n  gpt-5: {aliases: [fast]}\n  grok-3: {aliases: [fast]}\n",
        3,
        "models.grok-3.aliases: fast already names gpt-5",
    ),
    "alias that is a model": ("models:\n  gpt-5: {aliases: [grok-3]}\n  grok-3: {}\n", 2, "grok-3 already names"),
    "unknown model without endpoint": (
        "models:\n  my-llm: {}\n",
        2,
        "models.my-llm: the catalogue does not know it, so it needs endpoint:",
    ),
    "misspelled model": ("models:\n  claude-4-sonet: {}\n", 2, "did you mean claude-4-sonnet?"),
    "unknown group": (model("groups: [slow]"), 3, "there is no group slow"),
    "group twice": (model("groups: [a, a]") + "groups:\n  a: {timeout: 3s}\n", 3, "a is listed twice"),
    "identity key in a group": (GOOD + "groups:\n  a: {wireName: x}\n", 4, "belongs to one model alone"),
    "bad value in a group": (GOOD + "groups:\n  a: {timeout: 3}\n", 4, "groups.a.timeout: 3 has no unit"),
    "groups as a list": (GOOD + "groups: [a]\n", 3, "groups: is a list; write a mapping"),
    "plain http": (model("endpoint: http://api.example.com/v1"), 3, "is plain http, where anybody"),
    "decimal loopback": (model("endpoint: http://0x7f.1/v1"), 3, "is an odd spelling of an address"),
    "mapped loopback": (model("endpoint: 'http://[::ffff:127.0.0.1]/v1'"), 3, "is a loopback address"),
    "private address": (
        model("endpoint: https://10.1.2.3/v1"),
        3,
        "endpoint: is a private address; if it is meant",
    ),
    "metadata address": (model("endpoint: http://169.254.169.254/"), 3, "is a link-local address"),
    "number for an address": (model("endpoint: http://2130706433/"), 3, "is an odd spelling of an address"),
    "localhost with a dot": (model("endpoint: http://localhost./v1"), 3, "is another name of this machine"),
    "private address of a group": (
        "models:\n  m: {groups: [g]}\ngroups:\n  g:\n    endpoint: https://10.1.2.3/v1\n",
        5,
        "groups.g.endpoint: is a private address",
    ),
    "unlisted neighbour": (
        model("endpoint: http://10.2.0.1/v1") + "network: {allowedEndpoints: [10.1.0.0/16]}\n",
        3,
        "is a private address",
    ),
    "single allowed endpoint": (
        GOOD + "network:\n  allowedEndpoints: llm.internal\n",
        4,
        "is a single value; write",
    ),
    "bare wildcard": (GOOD + "network:\n  allowedEndpoints: [*.a.example]\n", 4, "is no valid YAML"),
    "allowed URL": (
        GOOD + "network:\n  allowedEndpoints: ['http://a']\n",
        4,
        '"http://a" holds a URL; write the host',
    ),
    "everything allowed": (GOOD + "network:\n  allowedEndpoints: [0.0.0.0/0]\n", 4, "allows every address"),
    "star allowed": (GOOD + "network:\n  allowedEndpoints: ['*']\n", 4, "holds what is neither a host"),
    "network with host bits": (GOOD + "network:\n  allowedEndpoints: [10.1.2.3/8]\n", 4, "beyond its length"),
    "list in the list": (GOOD + "network:\n  allowedEndpoints: [[a]]\n", 4, "is a list; write a host, an address"),
    "too many allowed": (
        GOOD + f"network:\n  allowedEndpoints: [{', '.join(f'h{n}' for n in range(1001))}]\n",
        4,
        "allowedEndpoints: has 1001 entries; at most 1000",
    ),
    "gateway on a name": (GOOD + "gateway: {host: box.lan}\n", 3, "is no address of this machine"),
    "gateway on all, without a token": (GOOD + "gateway:\n  port: 1\n  host: '::'\n", 5, "or set gateway.token"),
    "token that is one": (GOOD + "gateway:\n  token: 0123456789abcdef\n", 4, "must say where the key is"),
    "token that is not there": (
        GOOD + "gateway:\n  token: env:NONE\n",
        4,
        "gateway.token: environment variable NONE",
    ),
    "get without a path": (model("probe: get"), 2, "gpt-5.probePath: is missing; probe: get needs"),
    "path without a slash": (model("probe: get", "probePath: health"), 4, 'probePath: "health" is no path'),
    "path to another host": (model("probe: get", "probePath: //evil.example/"), 4, "is no path"),
    "path with a query": (model("probe: get", "probePath: /h?key=x"), 4, "is no path"),
    "another scheme": (model("endpoint: file:///etc/passwd"), 3, "speaks file; write a base URL"),
    "no scheme": (model("endpoint: api.example.com/v1"), 3, "is no URL; write a base URL"),
    "no host": (model("endpoint: https:///v1"), 3, "names no host"),
    "bad port": (model("endpoint: https://a.example:99999/v1"), 3, "is no URL"),
    "password in the URL": (model("endpoint: https://u:p@a.example/v1"), 3, "holds a user name or password"),
    "key in the query": (model("endpoint: https://a.example/v1?key=x"), 3, "has a query or a fragment"),
    "pasted path": (
        model("endpoint: https://a.example/v1/chat/completions"),
        3,
        "ends in /chat/completions, which is added to it; leave that out",
    ),
    "number for a URL": (model("endpoint: 8080"), 3, "8080 is no URL"),
    "key in the file": (
        model("key: sk-proj-abcdefghijkl"),
        3,
        "must say where the key is, as env:NAME or file:PATH",
    ),
    "key behind env": (model("key: env:sk-abcdef"), 3, "must say where the key is"),
    "missing variable": (model("key: env:MY_KEY"), 3, "environment variable MY_KEY is not set; set MY_KEY"),
    "missing key file": (model("key: file:no/such.key"), 3, "no/such.key: there is no such file"),
    "weights of nothing": (
        model("strategy: weighted", "weight: 0"),
        2,
        "models.gpt-5.weight: every weight of gpt-5 is 0",
    ),
}


@pytest.mark.parametrize(("text", "line", "message"), BAD.values(), ids=BAD.keys())
def test_bad_file_is_refused_with_line_and_advice(text: str, line: int, message: str) -> None:
    problems = problems_of(text)

    matching = [problem for problem in problems if message in problem]
    assert matching, problems
    assert matching[0].startswith(f"hive.yaml:{line}: ")


def test_every_problem_is_told_at_once_in_the_order_of_lines() -> None:
    problems = problems_of(
        "models:\n  gpt-5:\n    timeout: 30\n    maxRetries: 99\n    fallbacks: [nobody]\n"
        "  my-llm: {}\nresilience:\n  defaultTimout: 3s\nenviroment: x\n"
    )

    assert [problem.split(":")[1] for problem in problems] == ["3", "4", "5", "6", "8", "9"]


def test_problem_in_a_value_hides_none_in_its_neighbors() -> None:
    problems = problems_of(model("fallbacks: [grok-3, grok-3, nobody, [x], 7]"))

    assert len(problems) == 4


def test_refused_endpoint_is_not_also_called_missing() -> None:
    problems = problems_of("models:\n  mine:\n    endpoint: nonsense\n")

    assert len(problems) == 1


def test_problem_of_a_group_is_told_once_for_all_its_models() -> None:
    problems = problems_of(
        "models:\n  gpt-5: {groups: [g]}\n  grok-3: {groups: [g]}\n"
        "groups:\n  g: {fallbacks: [nobody], key: env:NOT_SET}\n"
    )

    assert len(problems) == 2


def test_flood_of_problems_is_cut_and_counted() -> None:
    problems = problems_of("models:\n  gpt-5:\n" + "".join(f"    unknown{n}: 1\n" for n in range(1000)))

    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1] == f"hive.yaml: and {1000 - MAX_PROBLEMS} more"


@pytest.mark.parametrize(
    "text",
    [
        model("key: sk-proj-SECRETSECRET"),
        model("key: SECRETSECRETSECRET"),
        model("endpoint: https://user:SECRETSECRET@a.example/v1"),
        model("endpoint: https://a.example/v1?api_key=SECRETSECRET"),
        model("endpoint: https://a.example/v1#SECRETSECRET"),
        model("strategy: sk-SECRETSECRET"),
        model("sk-SECRETSECRET: 1"),
        model("provider: Bearer SECRETSECRET"),
        "models:\n  gpt-5: {key: 'SECRETSECRET\n",
    ],
)
def test_no_problem_repeats_a_key(text: str) -> None:
    problems = problems_of(text)

    assert "SECRET" not in "".join(problems)


def test_no_problem_carries_a_control_character() -> None:
    problems = problems_of('models:\n  gpt-5:\n    "a\\e]0;x\\a": 1\n    provider: "b\\u202e\\r\\nfake: x"\n')

    assert all(problem.isprintable() for problem in problems)


def test_too_many_models_are_refused() -> None:
    problems = problems_of("models:\n" + "".join(f"  m{n}: {{endpoint: https://a.example}}\n" for n in range(2001)))

    assert problems == ("hive.yaml:2: models: has 2001 entries; at most 2000",)
