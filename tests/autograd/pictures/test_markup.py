"""A label is text, whatever stands in it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import autograd as ag
from autograd.pictures.draw import draw
from tests.autograd.pictures.dot import (
    needs_dot,
)
from tests.engines import once

NASTY = [
    "<script>alert(1)</script>",
    '"',
    "\\N \\G \\l \\",
    "&lt;b&gt; &amp;",
    "a\nb\r\tc",
    "nul\0bell\x07",
    "\ud800 lone \uffff",
    "🙂 é ß 漢字",
    "]]> --> <!-- {a|b} <B>",
    "'; DROP",
    "W[1]<,&",
    " ",
]


@once
@needs_dot
@pytest.mark.parametrize("label", NASTY)
def test_a_label_is_text_in_every_view_and_format(label: str, tmp_path: Path) -> None:
    stands_for = {
        **{i: 0x2400 + i for i in range(32)},
        9: 0x21E5,
        10: 0x21B5,
        0xD800: 0xFFFD,
        0xFFFF: 0xFFFD,
    }
    a = ag.Value(2.0, label=label)
    output = a * 3.0 + a
    output.label = label
    for view, wrt in (("values", None), ("neurons", None), ("paths", a)):
        path = tmp_path / "a.svg"
        draw(output, path, view=view, wrt=wrt)
        root = ElementTree.parse(path).getroot()
        texts = [
            "".join(t.itertext()) for t in root.iter("{http://www.w3.org/2000/svg}text")
        ]
        expected = " ".join(label.translate(stands_for).split())
        assert any(expected in " ".join(t.split()) for t in texts)
        assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
    draw(output, tmp_path / "a.png")


def test_a_label_of_any_length_is_shortened_in_the_box_only() -> None:
    source = draw(ag.Value(1.0, label="x" * 10_000)).source
    assert "x" * 1_999 in source
    assert f"<B>{'x' * 59}…</B>" in source
