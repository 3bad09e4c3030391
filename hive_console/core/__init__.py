"""The pure heart: values, rules and folds. No clock, no dice, no I/O, no tasks; see `docs/architecture.md`."""
