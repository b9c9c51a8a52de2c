import re
from xml.etree import ElementTree

from reports.figures.svg import draw_svg


def test_svg_is_described_marked_and_coloured_by_the_page():
    def draw(figure, marks):
        axes = figure.add_subplot()
        (dot,) = axes.plot(1, 2, "o", color="#0072b2")
        marks.add(dot, 'a <b> & "c"')

    svg = draw_svg("one", "T < U", "D & E", draw)
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    assert root.attrib["role"] == "group" and root.attrib["aria-labelledby"] == "one-title"
    assert root.find(f"{space}title").text == "T < U" and root.find(f"{space}desc").text == "D & E"
    (mark,) = [g for g in root.iter(f"{space}g") if g.get("class") == "mark"]
    assert mark.get("aria-label") == mark.find(f"{space}title").text == 'a <b> & "c"'
    assert "var(--blue)" in svg and not re.search("#(0072b2|444444)", svg)
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids)) and all(i.startswith("one-") for i in ids)
    assert draw_svg("one", "T < U", "D & E", draw) == svg
