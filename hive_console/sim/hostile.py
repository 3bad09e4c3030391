"""What a hostile provider says: everything that must never reach a terminal, a log line or a markup parser."""

HOSTILE_MESSAGE = (
    "boom \x1b]0;PWNED\x07\x1b[2J\x1b[1;1HALL MODELS OK"  # sets the title, clears the screen, forges a row
    "\x1b]52;c;ZWNobyBwd25lZA==\x07"  # writes the clipboard
    "\x1b]8;;http://evil.invalid\x1b\\click\x1b]8;;\x1b\\"  # a link that is not what it says
    "\x9b31m\x9d0;x\x9c\x1bP$q\x1b\\\x1b[6n"  # C1 controls, and questions whose answers the terminal would type
    "\r\n03:00 operator reset all breakers"  # a forged record
    " \u202egnp.exe a\u200bb z\u0335\u0336\u0337\u0338 \x00\udc80"  # bidi, zero width, smear, NUL, lone surrogate
    " [/b] [@click=app.quit]x[/] [bold red]"  # markup
    " Authorization: Bearer sk-simulated-1111111111111111111111"  # a key that is nobody's
)

GARBAGE = b"<html>\x00\xff\xfe<title>502 Bad Gateway</title>{]"
"""Neither JSON nor UTF-8."""
