"""The one sanitiser: every text from outside passes here before it is stored, logged or drawn.

Control characters become visible glyphs, so that nothing a provider says can move a cursor, set a title or
forge a line; bidirectional and zero-width characters become escapes; what looks like a key is taken out.
"""

from __future__ import annotations

import re
import unicodedata

MESSAGE_LIMIT = 160
"""Characters kept of a message from outside: one line of a wide terminal, too short to leak a prompt."""

NAME_LIMIT = 80
"""Characters kept of a name from outside."""

INPUT_LIMIT = 8192
"""Characters looked at; the rest is cut before any pattern runs, so that a huge line cannot stall us."""

_HIDDEN = "[redacted]"

_VALUE = r"""(?:"[^"]{4,512}"|'[^']{4,512}'|["']?[^\s"',;&]{4,})"""
"""A secret's value: in quotes with whatever it holds, or up to a blank or a separator."""

# Order matters: what spans most comes first, and a bearer token before the pairs see "Authorization: Bearer".
_SECRET_SHAPES = (
    re.compile(r"-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----.{0,8192}", re.DOTALL),
    re.compile(r"\b(?:set-)?cookie[\"']?\s{0,4}[:=]\s{0,4}[^\r\n]{4,4096}", re.IGNORECASE),
    re.compile(
        r"\bauthorization[\"']{0,2}\s{0,4}[:=]\s{0,4}[\"']?[a-z-]{1,20}(?:\s|%20)[^\s\"',;]{3,}", re.IGNORECASE
    ),
    re.compile(r"\b(?:bearer|basic)(?:\s|%20|[:=]){1,8}[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE),
    re.compile(r"\beyJ[A-Za-z0-9_.-]{8,}"),
    re.compile(r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_*.-]{6,}"),
    re.compile(
        r"\b(?:gsk|hf|xai|gh[oprsu]|github_pat|glpat|xox[abeprs]|xapp|pplx|nvapi|tvly|csk|esecret|npm|tgp|whsec)"
        r"[_-][A-Za-z0-9_-]{8,}"
    ),
    re.compile(r"\b(?:r8|fw)_[A-Za-z0-9]{16,}"),
    re.compile(r"\bkey-[0-9a-f]{32}"),
    re.compile(r"\bdapi[0-9a-f]{32}"),
    re.compile(r"\bya29\.[A-Za-z0-9_-]{8,}"),
    re.compile(r"\bAIza[0-9A-Za-z_-]{20,}"),
    re.compile(r"\bA(?:KIA|SIA)[0-9A-Z]{12,}"),
    re.compile(r"https://hooks\.slack\.com/[^\s\"'<>]+"),
    re.compile(r"https://[^\s/\"'<>]{1,253}/(?:api/)?webhooks?/[^\s\"'<>]{8,}"),
    re.compile(r"://[^/\s@]{1,384}@"),
    re.compile(r"[?&][a-z_.-]{0,40}(?:key|token|secret|sig|signature|credential|auth)=[^\s&\"'<>]+", re.IGNORECASE),
    re.compile(
        r"\b[a-z0-9_-]{0,32}(?:api[_-]?key|access[_-]?key|private[_-]?key|subscription-key|token|secret|password|passwd"
        rf"|pwd|passphrase|credentials?|signature|sig|authorization)[\"']{{0,2}}\s{{0,4}}(?:[=:]|%3D)\s{{0,4}}{_VALUE}",
        re.IGNORECASE,
    ),
    # In prose a colon may follow: only what has a digit is taken for a key.
    re.compile(r"\bapi key[=:]\s{0,4}[\"']?(?=[^\s\d]{0,64}\d)[^\s\"',;&]{6,}", re.IGNORECASE),
)

_VISIBLE_DELETE = "\u2421"
_MAX_COMBINING = 2


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return _VISIBLE_DELETE
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
    return character


def _without_zalgo(text: str) -> str:
    """Keeps at most two combining marks in a row: more only smear over neighbouring rows."""
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks <= _MAX_COMBINING:
            kept.append(character)
    return "".join(kept)


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Takes known secrets and everything shaped like a key out of `text` (S1, S2 of the reference)."""
    text = text[:INPUT_LIMIT]
    small = text.lower()
    for secret in secrets:
        # Compared without case: errors repeat keys in capitals, and names are kept in small letters.
        if len(secret) >= 6 and secret.lower() in small:
            text = re.sub(re.escape(secret), _HIDDEN, text, flags=re.IGNORECASE)
    for shape in _SECRET_SHAPES:
        text = shape.sub(_HIDDEN, text)
    return text


def clean(text: str, limit: int = MESSAGE_LIMIT) -> str:
    """Returns `text` as one harmless line of at most `limit` characters.

    Newlines, tabs and carriage returns become their visible glyphs as all control characters do, so one
    record stays one line; text that was cut ends in an ellipsis.
    """
    cut = text[: limit * 2 + 16]
    is_plain = cut.isascii() and cut.isprintable()
    shown = cut if is_plain else _without_zalgo("".join(map(_visible, cut)))
    if len(shown) > limit or len(cut) < len(text):
        return shown[: limit - 1] + "…"
    return shown


def clean_message(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Redacts, then cleans: what every upstream error message goes through."""
    return clean(redact(text, secrets))
