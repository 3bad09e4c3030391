"""The sanitiser: nothing from outside moves a cursor, forges a line, smears a row or shows a key."""

from __future__ import annotations

import base64
import time
import unicodedata

import pytest

from hive_console.core.text import INPUT_LIMIT, MESSAGE_LIMIT, clean, clean_message, redact

HOSTILE = {
    "E1 clipboard": "\x1b]52;c;ZWNobyBwd25lZA==\x07",
    "E2 title": "\x1b]0;PWNED\x07",
    "E2 link": "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
    "E2 file": "\x1b]1337;File=name=x:AAAA\x07",
    "E2 notify": "\x1b]777;notify;a;b\x07\x1b]9;hello\x07",
    "E3 clear": "\x1b[2J\x1b[1;1HFAKE OK",
    "E4 c1 csi": "\x9b2J",
    "E4 c1 osc": "\x9d0;x\x9c",
    "E4 utf-8 c1": b"\xc2\x9b2J".decode(),
    "E5 dcs": "\x1bP$q\x22p\x1b\\",
    "E5 report": "\x1b[6n\x1b[c\x1b]52;c;?\x07",
    "E5 apc and pm": "\x1b_x\x1b\\\x1b^y\x1b\\",
    "E6 bidi override": "\u202egnp.exe",
    "E6 isolate": "\u2066admin\u2069",
    "E6 zero width": "a\u200bb\u200dc\ufeffd",
    "E6 lone surrogate": "a\ud800b\udfff",
    "E6 nul": "a\x00b",
    "E6 separators": "a\u2028b\u2029c\x85d",
    "E6 tags": "a\U000e0041b",
    "E6 private use": "a\ue000b",
    "E7 carriage return": "ok\r\nAUDIT admin reset",
    "E7 tab and feed": "a\tb\vc\fd\x7f",
}

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
def test_nothing_that_clean_returns_controls_a_terminal(payload: str) -> None:
    shown = clean(f"before {payload} after", limit=500)

    assert not [character for character in shown if unicodedata.category(character) in UNSAFE]
    assert shown.startswith("before ")
    assert shown.endswith(" after")


def test_no_character_of_unicode_comes_through_as_a_control() -> None:
    every = "".join(map(chr, range(0x3000)))

    shown = clean(every, limit=len(every) * 12)

    assert not {unicodedata.category(character) for character in shown} & UNSAFE


def test_an_escape_is_shown_as_its_picture() -> None:
    assert clean("\x1b]52;c;x\x07") == "␛]52;c;x␇"


def test_e7_one_record_stays_one_line() -> None:
    shown = clean("ok\r\nAUDIT admin reset")

    assert shown == "ok␍␊AUDIT admin reset"
    assert len(shown.splitlines()) == 1


def test_a_deletion_is_shown_too() -> None:
    assert clean("a\x7fb") == "a␡b"


def test_invisible_characters_become_escapes() -> None:
    assert clean("a\u200bb") == "a\\u200bb"
    assert clean("\u202egnp") == "\\u202egnp"
    assert clean("a\U000e0041") == "a\\U000e0041"


@pytest.mark.parametrize(
    "text", ["plain words, 42 %", "naïve café", "日本語の応答", "𝛼 → β ✔", "[/b] [TODO] Q3", ""]
)
def test_harmless_text_is_left_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_e6_combining_marks_cannot_smear_over_other_rows() -> None:
    shown = clean("Z" + "\u0301" * 500 + "algo")

    assert sum(unicodedata.combining(character) > 0 for character in shown) <= 2


def test_e6_enclosing_marks_cannot_smear_either() -> None:
    shown = clean("Z" + "\u20dd" * 100)

    assert sum(unicodedata.category(character).startswith("M") for character in shown) <= 2


def test_marks_on_different_letters_are_all_kept() -> None:
    text = "a\u0301" * 5

    assert clean(text) == text


def test_a_long_text_is_cut_to_the_limit_and_says_so() -> None:
    shown = clean("x" * 10_000)

    assert len(shown) == MESSAGE_LIMIT
    assert shown.endswith("…")


def test_a_text_of_exactly_the_limit_is_not_cut() -> None:
    assert clean("x" * MESSAGE_LIMIT) == "x" * MESSAGE_LIMIT
    assert clean("x" * (MESSAGE_LIMIT + 1)) == "x" * (MESSAGE_LIMIT - 1) + "…"


def test_escapes_count_towards_the_limit() -> None:
    assert len(clean("\u200b" * 100, limit=40)) == 40


def test_a_text_cut_before_the_look_at_it_says_so() -> None:
    shown = clean("Z" + "\u0301" * 5000)

    assert shown.endswith("…")


KEYS = {
    "openai project": "sk-proj-abcdEFGH1234_abcd-XYZ",
    "openai starred": "sk-abcd********************wxyz",
    "anthropic": "sk-ant-api03-AbCdEf_0123456789-xyz",
    "google": "AIza" + "SyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1vW",
    "groq": "gsk_abcdefghijklmnop1234",
    "xai": "xai-abcdefghijklmnop1234",
    "hugging face": "hf_abcdefghijklmnop1234",
    "aws": "AKIAIOSFODNN7EXAMPLE",
    "slack token": "xoxb-1234567890-abcdefghij",
    "github": "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "openrouter": "sk-or-v1-abcdef0123456789abcdef",
    "aws temporary": "ASIAIOSFODNN7EXAMPLE",
    "slack app": "xapp-1-A012-1234567890-abcdef0123456789",
    "github fine-grained": "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuv",
    "github server": "ghs_abcdefghijklmnop1234",
    "perplexity": "pplx-abcdef0123456789abcdef0123456789",
    "replicate": "r8_abcdefghijklmnop1234567890",
    "fireworks": "fw_abcdefghijklmnop1234",
    "nvidia": "nvapi-abcdefghijklmnop_1234-xyz",
    "stripe": "sk_live_abcdefghijklmnop1234",
    "google oauth": "ya29.a0AfH6SMBabcdefghijk-lmnop",
    "tavily": "tvly-abcdefghijk1234",
    "cerebras": "csk-abcdefghijklmnop1234",
    "anyscale": "esecret_abcdefghijklmnop1234",
    "databricks": "dapi0123456789abcdef0123456789abcdef",
    "npm": "npm_abcdefghijklmnop1234567890",
    "together": "tgp_v1_abcdefghijklmnop1234",
    "mailgun": "key-0123456789abcdef0123456789abcdef",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
    "discord hook": "https://discord.com/api/webhooks/123456/abcdefABCDEF1234",
    "slack hook": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_s1_a_key_that_a_provider_echoes_is_taken_out(key: str) -> None:
    shown = clean_message(f"Incorrect API key provided: {key}. Find yours in the settings.")

    assert key not in shown
    assert key[-8:] not in shown
    assert "[redacted]" in shown


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer abc.def", "abc.def"),
        ("authorization: bearer abcdef123", "abcdef123"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("https://user:passw0rd@host/path", "passw0rd"),
        ("https://h/?api_key=abcdef12&x=1", "abcdef12"),
        ("https://h/?sig=Zm9vYmFy&x=1", "Zm9vYmFy"),
        ('{"api_key": "abcdef12"}', "abcdef12"),
        ("x-api-key: abcdef12", "abcdef12"),
        ("password=hunter22", "hunter22"),
        ("access_token='abcdef12'", "abcdef12"),
        ("redis://:hunter22@cache/0", "hunter22"),
        ("https://hunter22@host/", "hunter22"),
        ("https://h/?key=abcdef12&x=1", "abcdef12"),
        ("https://h/?a=1&apiKey=abcdef12", "abcdef12"),
        ("https://h/?X-Amz-Credential=AKXX/2020&x=1", "AKXX/2020"),
        ("https://h/?X-Amz-Signature=abcdef12", "abcdef12"),
        ("api_key%3Dabcdef12", "abcdef12"),
        ("authorization=Bearer%20abcdef12", "abcdef12"),
        ("Authorization: Bearer abc", "abc"),
        ("Authorization: Token abc123", "abc123"),
        ("{'Authorization': 'Bearer abc.def'}", "abc.def"),
        ("Proxy-Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("bearer: abcdef123", "abcdef123"),
        ("api_key = 'a b c d e'", "b c d"),
        ("api key: abcd1234", "abcd1234"),
        ("client_secret=abcd1234", "abcd1234"),
        ("refresh_token: abcd1234", "abcd1234"),
        ("passwd=abcd1234", "abcd1234"),
        ("ocp-apim-subscription-key: 0123abcd", "0123abcd"),
        ("Cookie: theme=dark; session=abcd1234", "abcd1234"),
        ("set-cookie: sid=abcd1234; path=/", "abcd1234"),
    ],
)
def test_s2_headers_pairs_and_addresses_are_redacted(text: str, hidden: str) -> None:
    assert hidden not in clean_message(text)


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {'q' * 2000}",
        f"invalid key sk-{'q' * 400}",
        f"token eyJ{'h' * 30}.{'q' * 3000}.{'s' * 40}",
    ],
    ids=["bearer", "key", "jwt"],
)
def test_s1_no_part_of_a_very_long_key_is_left_standing(text: str) -> None:
    shown = clean_message(text)

    assert "qqqqqqqq" not in shown


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens: 4096 is too large",
        "rate limit of 60 requests",
        "risk-assessment",
        "Invalid API key: please check your account",
        "Unexpected token: '<' in JSON",
        "a bearer of news, basic needs",
        "see https://platform.example.com/account/webhooks",
        "mail us at help@example.com",
        "https://api.example.com/v1?page=2",
        "cookies are off",
    ],
)
def test_words_that_only_resemble_keys_are_left(text: str) -> None:
    assert clean_message(text) == text


def test_a_loaded_secret_is_taken_out_whatever_its_shape() -> None:
    secret = "correct horse battery"

    assert clean_message(f"got {secret}!", (secret,)) == "got [redacted]!"


def test_every_spelling_that_is_given_is_taken_out() -> None:
    secret = "s3cr3t/with+signs"
    encoded = base64.b64encode(secret.encode()).decode()

    shown = clean_message(f"{secret} {encoded}", (secret, encoded))

    assert secret not in shown
    assert encoded not in shown


def test_a_secret_too_short_to_be_one_does_not_riddle_the_text() -> None:
    assert redact("a banana", ("a",)) == "a banana"


HUGE = {
    "letters": "a" * 1_000_000,
    "keys": "sk-" * 350_000,
    "addresses": "://a:b" * 170_000,
    "jwt": "eyJ-" * 250_000,
    "jwt dots": "eyJaaaaaaaa." * 90_000,
    "pairs": "token = " * 125_000,
    "escapes": "\x1b[2J" * 250_000,
    "marks": "Z" + "\u0301" * 1_000_000,
    "bearers": "bearer " * 150_000,
    "dashes": "a-" * 500_000,
    "dashed tokens": "token-" * 170_000,
    "quotes": "token='" * 150_000,
    "queries": "?a=b&" * 200_000,
    "query names": "&" + "a_" * 500_000,
    "authorizations": "authorization: bearer " * 50_000,
    "cookies": "cookie: " * 125_000,
    "private keys": "-----BEGIN PRIVATE KEY-----" * 40_000,
    "hooks": "https://a/webhook/" * 60_000,
    "half addresses": "://" * 350_000,
    "api keys": "api key: " * 110_000,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_s4_a_megabyte_takes_less_than_a_fifth_of_a_second(text: str) -> None:
    began = time.process_time()  # this process's own time: a busy machine does not count

    shown = clean_message(text)

    assert time.process_time() - began < 0.2
    assert len(shown) <= MESSAGE_LIMIT


def test_what_lies_beyond_the_looked_at_part_is_cut() -> None:
    assert len(redact("x" * (INPUT_LIMIT * 2))) == INPUT_LIMIT
