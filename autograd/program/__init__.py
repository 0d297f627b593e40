"""Compiled programs: scalar code, recorded once, run at the speed of arrays."""
