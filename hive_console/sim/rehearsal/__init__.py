"""Thirty days in seconds: the unmodified engine in virtual time under seeded weather and traffic.

Everything here needs the standard library, `core` and `engine` only, so that any supported Python can rerun a
seed. The servers of the demo and of drills (`hive_console.sim`) are another thing: they are real.
"""
