"""Registers that street offices send: a sheet of places in free text → matched to our streets → proposed sites."""
