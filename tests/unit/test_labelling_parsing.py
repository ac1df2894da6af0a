"""From a completion to a label: by vectors, by hand, by property, and against what could make it hang."""

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbook.labelling.parsing import UNUSABLE, USABLE, Parsed, parse_completion
from workbook.labelling.schema import LABELS, PLACEHOLDER, json_schema
from workbook.ner.llm import read_answer

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
WHY = "The abstract says that the authors collect and release a corpus of their own."


def answer(label="new_dataset", explanation=WHY) -> str:
    return json.dumps({"explanation": explanation, "label": label})


def parse(content, finish="stop", **fields):
    return parse_completion({"finish_reason": finish, "message": {"content": content, **fields}})


def read_vectors(name):
    file = VECTORS / name
    if not file.is_file():
        return [pytest.param(None, marks=pytest.mark.skip(f"no {name} beside the clone"))]
    vectors = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [pytest.param(vector, id=f"{vector['id']}-{vector.get('way', '')}") for vector in vectors]


@pytest.mark.parametrize("as_object", [False, True], ids=["dict", "openai"])
@pytest.mark.parametrize("vector", read_vectors("completions.jsonl"))
def test_vectors(vector, as_object):
    choice = {"index": 0, "logprobs": None, **{name: vector[name] for name in ("finish_reason", "message")}}
    if as_object:
        from openai.types.chat.chat_completion import Choice

        choice = Choice.model_validate(choice)
    parsed, expected = parse_completion(choice), vector["expect"]
    assert (parsed.status, parsed.label) == (expected["status"], expected["label"])
    assert parsed.flags == ((expected["flag"],) if "flag" in expected else ())
    assert (parsed.explanation is None) == (parsed.label is None)


@pytest.mark.parametrize("vector", read_vectors("real_completions.jsonl"))
def test_real_answers_of_a_small_model(vector):
    parsed, verdict = parse(vector["content"], vector["finish_reason"]), vector["verdict"]
    if verdict.startswith("invalid"):  # each of them because the explanation is copied from the prompt
        verdict = "placeholder"
    elif verdict.startswith("unusable, but no_json"):
        verdict = "no_json"
    assert parsed.status == verdict
    assert (parsed.label is None) == (verdict != "ok")


def test_what_is_thought_is_kept_apart():
    parsed = parse(f"<think>\nThey built it.\n</think>\n{answer()}")
    assert (parsed.reasoning, parsed.explanation) == ("They built it.", WHY)
    assert parse(answer(), reasoning_content=" They built it. ").reasoning == "They built it."
    assert parse(f"Hm.\n</think>{answer()}").reasoning == "Hm."
    assert parse(answer()).reasoning is None


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (f"<think>the <think> tag</think>{answer()}", "ok"),  # mentioned, never closed
        (f"<think>a <think>b</think> perhaps {answer()}", "unclosed_think"),  # but not with a draft behind it
        (f"<think>a <think>b</think> perhaps {answer()} or not", "unclosed_think"),
        (f"<think>a</think> and <think>b {answer('no_new_dataset')}</think> {answer()}", "ok"),
        (f"<THINK>a</THINK>{answer()}", "ok"),
        (f"[THINK]a[/THINK]{answer()}", "ok"),
        (answer(explanation="They add <think> and </think> to every row of the corpus they release."), "ok"),
        (
            f"<think>a</think>{answer(explanation='They mark the end with </think> in all of their new data.')}",
            "ok",
        ),
        (f"{answer('no_new_dataset')} was my draft</think>{answer()}", "ok"),
        ("<think>only thinking</think>", "empty"),
    ],
)
def test_think_tags(content, status):
    parsed = parse(content)
    assert parsed.status == status
    assert parsed.label == ("new_dataset" if status == "ok" else None)


@pytest.mark.parametrize(
    "content",
    [
        '{"label": "new_dataset", "explanation": "They call it "Foo" and release it with the paper."}',
        f'{{"label": "new_dataset", "explanation": "{WHY}"',
        f'```json\n{{"label": "new_dataset", "explanation": "{WHY}"\n```',
        f'{{label: "new_dataset", explanation: "{WHY}"}}',
        f'{{"label": "new_dataset", "explanation": "{WHY}", "sure": True,}}',
        '{"label": "new_dataset", "explanation": "Two lines:\nthe authors release all of their data."}',
        "{'label': 'new_dataset', 'explanation': 'It isn\\'t hidden: \"all of our data\" is released.'}",
    ],
)
def test_mended(content):
    parsed = parse(content)
    assert (parsed.status, parsed.label) == ("repaired", "new_dataset")


@pytest.mark.parametrize(
    "content",
    [
        f"{{“label”: “new_dataset”, “explanation”: “{WHY}”}}",
        f"{{„label“: „new_dataset“, „explanation“: „{WHY}“}}",
        f"{{‟label”: ‟new_dataset”, ‟explanation”: ‟{WHY}”}}",
        f"{{«label»: «new_dataset», «explanation»: «{WHY}»}}",
        f"{{‘label’: ‘new_dataset’, ‘explanation’: ‘{WHY}’}}",
        f'{{"explanation"：“{WHY}”，"label"："new_dataset"}}',
        f'｛"explanation"："{WHY}"，"label"："new_dataset"｝',
        f"```json\n{{“explanation”: “{WHY}”, “label”: “new_dataset”,}}\n```",
        f'{{"explanation": "{WHY}"\n"label": "new_dataset"}}',  # a comma is missing
        f'{{"explanation": "{WHY}", "label": new_dataset}}',
        f'{{\u00a0"explanation": "{WHY}",\u00a0"label": "new_dataset"}}',
    ],
)  # fmt: skip
def test_typography_is_mended(content):
    assert parse(content) == Parsed("repaired", "new_dataset", WHY)


@pytest.mark.parametrize(
    "explanation",
    [
        "They call it “Foo”, “Bar” and “Baz”, and release it with the paper.",
        'They call it "Foo", "Bar" and "Baz", and release it with the paper',
        "It isn't hidden: all of the authors' data is released with it.",
        "It’s ‘new’: the authors’ own corpus, released with the paper’s code.",
    ],
)
def test_quotation_marks_within_a_string(explanation):
    for before, after in ("“”", '""', "''", "‘’", "„“"):
        content = f"{{{before}explanation{after}: {before}{explanation}{after}, {before}label{after}: {before}new_dataset{after}}}"
        parsed = parse(content)
        assert (parsed.label, parsed.explanation) == ("new_dataset", explanation), content


def test_mending_leaves_strings_alone():
    parsed = parse(
        "{'label': 'new_dataset', 'explanation': 'They said: True, None, [1,] and {x,} are \\alpha.'}"
    )
    assert parsed.explanation == "They said: True, None, [1,] and {x,} are \\alpha."


@pytest.mark.parametrize(
    "content",
    [
        f'{{"label": "new_dataset", "label": "no_new_dataset", "explanation": "{WHY}"}}',
        f"{answer()} no: {answer('maybe')}",
        '{"label": "no_new_dataset", "explanation": "They said "no" ' + answer(),
        f"Draft:\n```json\n{answer()}\n```\nFinal:\n```json\n{answer('no_new_dataset')}\n```",
    ],
)
def test_answers_that_disagree_are_not_guessed(content):
    assert parse(content).status == "ambiguous"


def test_the_same_answer_twice_is_one():
    assert parse(f"{answer()}\n{answer()}").label == "new_dataset"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (f"{answer()}\n\n   \n", "ok"),  # some servers run on with white space until the limit
        (f"{answer()} But wait", "truncated"),
        (f'{answer()}\n{{"label": "no_n', "truncated"),
        (f"{answer()}\n\nI hope this helps! Let me kn", "ok"),
        (f"{answer()}\n\nThis follows from the first sentence of the abs", "ok"),
        (f"{answer()}\n\nSo it is new_dataset, as the", "ok"),
        (f"Here it is:\n```json\n{answer()}\n```\n\nThe authors expl", "ok"),
        (f"{answer()}\n\nHowever, the", "truncated"),
        (f"{answer()}\n\nLet me double-check th", "truncated"),
        (f"{answer()}\n\nOne could also say no_new_dataset, si", "truncated"),
        (f"{answer()}\n{{", "truncated"),
        (f"{answer()}\n<think>Hm", "truncated"),
        (f'{{"explanation": "{WHY}", "label": "no', "truncated"),
        ('{"label": "new_dataset"', "truncated"),
        ("", "truncated"),
        ("<think>They built it.</think>Let me", "truncated"),
        ("Let me", "no_json"),  # without any thinking: more room would bring more prose
    ],
)
def test_cut_off(content, status):
    parsed = parse(content, finish="length")
    assert parsed.status == status
    assert parsed.flags == (("cut_after_answer",) if status == "ok" else ())


@pytest.mark.parametrize("status", ["invalid", "placeholder", "ambiguous"])
def test_a_cut_that_takes_nothing_changes_no_verdict(status):
    content = {
        "invalid": answer("maybe"),
        "placeholder": answer(explanation=PLACEHOLDER),
        "ambiguous": answer() + answer("no_new_dataset"),
    }[status]
    assert parse(content).status == parse(content + "\n \n", "length").status == status
    assert parse(content + "\nThe paper", "length").status == "truncated"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (f"{answer()}\nWait, that is wrong: the label should be no_new_dataset.", "ambiguous"),
        (f"{answer()}\nIt is not no_new_dataset, for the data is new.", "ok"),
        (f"{answer()}\nWait for the release of the data!", "ok"),
        (f"The labels are new_dataset and no_new_dataset. Actually easy: {answer()}", "ok"),
    ],
)
def test_an_answer_that_is_taken_back(content, status):
    assert parse(content).status == status


OLD_PLACEHOLDER = "one or two sentences, at least 40 characters, naming what in the abstract decides it"
FORM = '{"explanation": "%s", "label": "new_dataset" or "no_new_dataset"}'


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (answer(explanation=PLACEHOLDER), "placeholder"),
        (answer(explanation=OLD_PLACEHOLDER), "placeholder"),
        (answer(explanation=f"<{PLACEHOLDER.upper()}>…"), "placeholder"),
        (answer(explanation=json_schema()["properties"]["explanation"]["description"]), "placeholder"),
        (answer(explanation="one or two sentences, at least 40 characters"), "placeholder"),
        (answer("maybe", PLACEHOLDER), "placeholder"),
        (FORM % PLACEHOLDER, "placeholder"),
        (str(json.loads(answer(explanation=PLACEHOLDER))), "placeholder"),
        (f"{FORM % PLACEHOLDER}\n{answer()}", "ok"),  # the form repeated, then filled in
        (f"{answer('no_new_dataset', PLACEHOLDER)}\n{answer()}", "ok"),
        (answer(explanation=f"{PLACEHOLDER}: {WHY}"), "ok"),
        (answer(explanation="One or two sentences of the abstract speak of data that they release."), "ok"),
    ],
)
def test_the_prompts_own_words_are_no_explanation(content, status):
    parsed = parse(content)
    assert (parsed.status, parsed.label) == (status, "new_dataset" if status == "ok" else None)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (f"[{answer()}]", "ok"),
        (f"[{answer()}, {answer('no_new_dataset')}]", "ambiguous"),
        (f"<answer>{answer()}</answer>", "ok"),
        (f'The sets {{"a", "b"}} and {{x}}: {answer()}', "ok"),
        (f"\ufeff{answer()}\u200b", "ok"),
        (f'{{"explanation": "{WHY}", "label": "new_dataset", "evidence": {{"label": "maybe"}}}}', "ok"),
        (f'{{"answer": {answer()}}}', "invalid"),
        (f'{{"explanation": "{WHY}", "label": ["new_dataset"]}}', "invalid"),
        ('{"explanation": null, "label": "new_dataset"}', "invalid"),
        (f'{{"explanation": "{WHY}", "label": "new_dataset or no_new_dataset"}}', "invalid"),
        (f'{{"explanation": "{WHY}", "label": "new_dataset" or "no_new_dataset"}}', "invalid"),
        (f'{{"explanation": "{WHY}", "label": "new_dataset" (sure)}}', "invalid"),
        (f'{{"explanation": "{WHY}, "label": "new_dataset"}}', "invalid"),
        (f'{{"label": "new_dataset", "explanation": "{WHY}", "explanation": "Not {WHY}"}}', "ambiguous"),
        (f'{{"explanation": "x", "label": "new_dataset" "sure!}} {answer("no_new_dataset")}', "ambiguous"),
        (f'{{"explanation": "{WHY}", "label": "new_dataset"\n\nI hope this helps', "invalid"),
        (f"<reasoning>{answer('no_new_dataset')}?</reasoning>{answer()}", "ok"),
        (f"◁think▷{answer('no_new_dataset')}?◁/think▷{answer()}", "ok"),
        (f"< think >{answer('no_new_dataset')}?</ think>{answer()}", "ok"),
        (f"<think>{answer('no_new_dataset', 'They mark it with </think>, all of their new data.')}</think>{answer()}", "ok"),
    ],
)  # fmt: skip
def test_further_kinds(content, status):
    parsed = parse(content)
    assert (parsed.status, parsed.label) == (status, "new_dataset" if status == "ok" else None)


def test_a_long_explanation_is_only_bound_by_the_server():
    assert parse(answer(explanation="They release it. " * 40)).status == "ok"


def test_reasoning_is_an_answer_only_where_there_is_no_other():
    assert parse("No idea.", reasoning=answer()).status == "no_json"
    assert parse(None, reasoning=f"so</think>{answer()}").flags == ("from_reasoning",)
    assert parse(None, reasoning=answer("maybe")).status == "empty"
    assert parse(None, finish="length", reasoning=answer()).status == "truncated"


def test_a_refusal_in_its_own_field():
    assert parse(None, refusal="I cannot help with that.").status == "refused"


@pytest.mark.parametrize(
    "choice",
    [
        None, 7, "text", [], {}, {"message": None}, {"message": {"content": 5}}, {"message": {"content": {"a": 1}}},
        {"message": {"content": [None, [], 3]}}, {"message": "x"}, {"finish_reason": 3, "message": {}},
    ],
)  # fmt: skip
def test_what_is_no_choice(choice):
    assert parse_completion(choice).status == "empty"


def test_content_in_parts():
    assert parse([{"type": "text", "text": answer()}]).status == "ok"


def test_text_that_utf8_cannot_hold():
    parsed = parse(
        '{"label": "new_dataset", "explanation": "\\ud800 and then enough further characters for it"}'
    )
    assert parsed.status == "ok"
    parsed.explanation.encode("utf-8")


def check(parsed):
    assert parsed.status in (*USABLE, *UNUSABLE)
    assert (parsed.label in LABELS) if parsed.status in USABLE else (parsed.label is None)
    assert parsed.label is None or len(parsed.explanation) >= 40


PIECES = st.sampled_from(
    [
        "<think>", "</think>", "<thinking>", "{", "}", '"', "'", "\\", ",", ":", "[", "]", "\n", "```", "```json\n", " ",
        '"label"', "'label'", "label", '"new_dataset"', '"no_new_dataset"', '"maybe"', '"explanation"', f'"{WHY}"', "True",
        answer(), answer("no_new_dataset"), answer("maybe"), "\\alpha", "\\u12", "\ud800", "\x00", "9" * 50, "é", "🙂",
    ]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=200),
    st.sampled_from(["stop", "length", None]),
)
def test_never_raises_and_never_invents_a_label(content, finish):
    check(parse(content, finish))
    check(parse(None, finish, reasoning_content=content))
    check(parse(content, finish, reasoning=content))


@settings(max_examples=80, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_thinking_never_gives_the_label(thought):
    thought = thought.replace("think", "thonk")
    assert parse(f"<think>{thought}</think>{answer('no_new_dataset')}").label == "no_new_dataset"
    assert parse(f"<think>{thought}</think>I cannot say.").label is None
    assert parse(f"<think>{thought}").label is None


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5),
        lambda s: st.lists(s) | st.dictionaries(st.text(max_size=9), s),
    )
)
def test_any_choice_at_all(value):
    check(parse_completion(value))
    check(parse_completion({"message": value, "finish_reason": value}))


HUGE = {
    "braces": "{" * 100_000,
    "quoted braces": '{"' * 50_000,
    "nested objects": '{"a":' * 20_000,
    "nested answers": '{"label":' * 11_000,
    "python braces": "{'" * 50_000,
    "escapes": "{'" + "\\'" * 50_000,
    "backslashes": '{"' + "\\" * 100_000,
    "think": "<think>" * 14_000,
    "closed think": "</think>" * 12_500,
    "think and objects": '{"a"</think>' * 8_000,
    "small objects": '{"a":1}' * 14_000,
    "answers": (answer() + ",") * 1_000,
    "broken answers": '{"label": "new_dataset", "explanation": "' * 2_500,
    "a long string": '{"label": "' + "a" * 100_000,
    "a long number": '{"label":' + "9" * 100_000 + "}",
    "commas": "{'a'," * 20_000,
    "white space": "{" + " " * 100_000,
    "spaced braces": "{ " * 50_000,
    "bare names": "{label " * 14_000,
    "fences": "`" * 100_000 + answer(),
    "angles": "<" * 100_000,
    "padding": " " * 50_000 + answer() + " " * 50_000,
}


HUGE |= {
    "blanks behind an answer": answer() + " " * 99_000 + "x",
    "blanks before a fence": answer() + "\n" * 99_000 + "```",
    "blanks in a missing brace": f'{{"explanation": "{WHY}", "label": "new_dataset"' + " " * 99_000 + "x",
    "nested lists": '{"a":[' * 6 + "1," * 49_000,
    "nested escapes": '{"a":' * 6 + '"' + "\\n" * 49_000,
    "nested escapes in thinking": "<think>" + '{"a":' * 60 + '"' + "\\n" * 49_000,
    "words": answer(explanation="a " * 49_000),
    "a long tail": answer() + "let me " * 14_000,
    "an entity": '{"entities": [' + ",".join(['{"text": "b", "type": "PS"}'] * 3_500) + "]}",
}
ATOMS = [
    *" \n\t\u00a0`{}[]\"'\\,:<>/“”：x", "```", "```json\n", "<think>", "</think>", "[THINK]", '{"', '{"label":', '{"a":',
    "\\n", '\\"', "<b:PS>", "<b:", ":PS>", '"entities": [', "no ", "\nbut ", "new_dataset", answer(),
]  # fmt: skip
STARTS = [
    "",
    answer(),
    "{",
    '{"a": "',
    "{'a': '",
    "{“a”: “",
    "<think>",
    '{"label": "new_dataset", "explanation": "x',
]


def processor_time(work, enough=0.05):
    """The fastest of a few runs in seconds of processor time: a busy machine slows even that."""
    fastest = float("inf")
    for _ in range(5):
        began = time.process_time()
        work()
        fastest = min(fastest, time.process_time() - began)
        if fastest < enough:
            break
    return fastest


def check_speed(text):
    for message in ({"content": text}, {"content": None, "reasoning": text}):
        for finish in ("stop", "length"):
            choice = {"finish_reason": finish, "message": message}
            seconds = processor_time(lambda choice=choice: check(parse_completion(choice)))
            assert seconds < 0.05, f"{seconds * 1000:.0f} ms, {finish}, {list(message)}, {text[:50]!r}"
    for style in ("tagged", "json"):
        seconds = processor_time(lambda style=style: read_answer(text, "b < a: b and <b> " * 4, style))
        assert seconds < 0.05, f"{seconds * 1000:.0f} ms, {style}, {text[:50]!r}"


@pytest.mark.parametrize("name", HUGE)
def test_100_kb_in_under_50_ms(name):
    check_speed(HUGE[name])


@pytest.mark.parametrize("seed", range(40))
def test_any_100_kb_in_under_50_ms(seed):
    dice = random.Random(seed)
    some = dice.sample(ATOMS, dice.randint(1, 4))
    unit = "".join(dice.choices(some, k=dice.choice((1, 3, 9, 300))))
    text = (dice.choice(STARTS) + unit * (100_000 // len(unit)))[:99_800] + dice.choice(
        ["", "x", '"}', answer()]
    )
    check_speed(text)
