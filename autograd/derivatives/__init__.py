"""Derivatives of functions, of any order, as sweeps over recorded graphs."""
