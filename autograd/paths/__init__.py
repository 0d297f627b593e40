"""The gradient as the sum over its paths, in names and numerals for people."""
