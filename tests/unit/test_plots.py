"""The drawing of a sentence and what lies over its characters."""

from xml.etree import ElementTree

from workbook.plots import ENTITY_COLOURS, SpanView

SVG = "{http://www.w3.org/2000/svg}"


def drawn(text, rows):
    root = ElementTree.fromstring(SpanView(text, rows)._repr_svg_())
    words = {element.text: element.attrib for element in root.iter(f"{SVG}text")}
    return words, [element.attrib for element in root.iter(f"{SVG}rect")][1:]  # the first is the background


def test_boxes_lie_below_their_characters():
    words, boxes = drawn("서울에 비", {"tags": [(0, 2, "B-LC"), (2, 3, "O")]})
    characters, (place, outside) = boxes[:5], boxes[5:]
    assert place["x"] == characters[0]["x"] and outside["x"] == characters[2]["x"]
    assert int(place["width"]) > 2 * int(outside["width"])
    assert place["fill"] == ENTITY_COLOURS["LC"] != outside["fill"]
    assert place["y"] == outside["y"] > characters[0]["y"]
    assert {"characters", "tags", "서", "␣", "B-LC"} <= set(words)


def test_boxes_that_overlap_go_below_one_another_and_the_next_row_below_all():
    _, boxes = drawn("李 씨", {"bytes": [(0, 1, "æ"), (0, 1, "Ŀ"), (0, 3, "İ")], "next": [(0, 1, "x")]})
    heights = [int(box["y"]) for box in boxes[3:]]
    assert heights == sorted(set(heights)) and len(heights) == 4


def test_markup_is_text_and_a_special_token_is_left_out():
    words, boxes = drawn("<b>", {"<i>": [(0, 0, "[CLS]"), (0, 3, "<&>")]})
    assert "<&>" in words and "<i>" in words and "[CLS]" not in words
    assert len(boxes) == 4


def test_a_long_label_is_squeezed_into_its_box_and_a_short_one_is_not():
    words, _ = drawn("가나다라", {"row": [(0, 1, "UnbelievablyLong"), (1, 4, "짧다")]})
    assert float(words["UnbelievablyLong"]["textLength"]) < 30 and "textLength" not in words["짧다"]


def test_as_text_it_names_characters_and_labels():
    assert repr(SpanView("서울에", {"tags": [(0, 2, "B-LC"), (2, 3, "O")]})) == (
        "characters: 서울에\ntags: 서울[B-LC] 에[O]"
    )
