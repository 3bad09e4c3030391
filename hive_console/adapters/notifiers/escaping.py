"""Makes text harmless for one transport: one function for each, and nothing else in the house escapes for them.

What comes in is plain text. It may come from a provider, a client or a settings file, and is taken to be hostile.
"""

from __future__ import annotations

import re

from hive_console.core.text import clean

SUBJECT_LIMIT = 120
"""Characters of a mail's subject: what lists of mails show."""

LABEL_LIMIT = 1024
"""Characters of a label's value: far above any name, far below what a receiver indexes."""

_SLACK_LOOKALIKES = str.maketrans("*_~`", "∗ˍ∼ˋ")
_PLAIN_LOOKALIKES = str.maketrans("&<>", "＆‹›")
_AT_A_WORDS_EDGE = re.compile(r"(?<!\w)[*_~`]|[*_~`](?!\w)|[*~`]")
_SCHEME = re.compile(r":(?=//)|(?<=mailto):|(?<=tel):", re.IGNORECASE)
_DOT_IN_A_HOST = re.compile(r"(?<=[\w-])\.(?=[A-Za-z][A-Za-z-]{1,62}(?![\w-]))")
_AT = re.compile(r"@(?=\w)")
_NO_LABEL_NAME = re.compile(r"[^a-zA-Z0-9_]")


def slack(text: str) -> str:
    """For `mrkdwn` with `verbatim`: no mention, no link, no formatting; it reads as it was.

    Slack's own escapes are those of `& < >`, and they end every `<!channel>` and `<url|word>`. Formatting marks at
    the edge of a word become letters that look like them (inside `gpt_4` the mark stays, and can be copied). A
    full-width colon, dot leader and at sign stand where a URL, a host or `@name` would turn into a link.
    """
    return _unlinked(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def slack_code(text: str) -> str:
    """For what stands between backticks: it ends where it is meant to."""
    return text.replace("`", "ˋ").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def slack_plain(text: str) -> str:
    """For `plain_text`, where some clients read the three escapes and others do not: they are not needed here."""
    return _unlinked(text).translate(_PLAIN_LOOKALIKES)


def mail_header(text: str, limit: int = SUBJECT_LIMIT) -> str:
    """One line without any character that could end a header: what is one becomes visible."""
    return clean(text, limit)


def mail_line(text: str, limit: int = 2000) -> str:
    """One line of a mail in plain text."""
    return clean(text, limit)


def label_name(name: str) -> str:
    """A name as Prometheus takes them, `[a-zA-Z_][a-zA-Z0-9_]*`; empty for one that nothing is left of."""
    plain = _NO_LABEL_NAME.sub("_", name)[:LABEL_LIMIT].lstrip("_")
    return f"_{plain}" if plain[:1].isdigit() else plain


def label_value(value: str) -> str:
    """A value as Alertmanager takes them: any text in UTF-8, on one line."""
    return clean(value, LABEL_LIMIT)


def json_text(text: str, limit: int) -> str:
    """For a string of JSON: no control character, no half of a surrogate pair, at most `limit` characters."""
    return clean(text, limit)


def _unlinked(text: str) -> str:
    unmarked = _AT_A_WORDS_EDGE.sub(lambda mark: mark.group().translate(_SLACK_LOOKALIKES), text)
    return _AT.sub("＠", _DOT_IN_A_HOST.sub("․", _SCHEME.sub("：", unmarked)))
