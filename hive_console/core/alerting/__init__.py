"""Alerts as a pure fold: what is wrong, since when, who has it, who is spared of it. Nothing here sends anything.

`book` is the way in; `core.notifying` decides who is told, and `engine` tells them.
"""
