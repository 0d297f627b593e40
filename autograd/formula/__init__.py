"""Rules and names as mathematics: text, MathML and LaTeX, read off the table."""
