"""The graph to look at: three views of it as pictures, and an explorer to step through.

``draw`` is the way in; it asks a view (``values``, ``paths`` or ``neurons``) for the
text of a picture, and ``render`` for the picture itself. ``explorer`` makes the page,
for which ``formulas`` writes the rows of the table as mathematics.
"""
