"""Mutation testing of the parts that decide: `python -m tests.mutation [module ...]` (docs/mutation.md)."""
