"""From a completion to a label: by vectors, by hand, by property, and against what could make it hang."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbook.labelling.parsing import UNUSABLE, USABLE, parse_completion
from workbook.labelling.schema import LABELS

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "completions.jsonl"
WHY = "The abstract says that the authors collect and release a corpus of their own."


def answer(label="new_dataset", explanation=WHY) -> str:
    return json.dumps({"label": label, "explanation": explanation})


def parse(content, finish="stop", **fields):
    return parse_completion({"finish_reason": finish, "message": {"content": content, **fields}})


def read_vectors():
    if not VECTORS.is_file():
        return [pytest.param(None, marks=pytest.mark.skip("no completions.jsonl beside the clone"))]
    lines = VECTORS.read_text(encoding="utf-8").splitlines()
    return [pytest.param(json.loads(line), id=json.loads(line)["id"]) for line in lines]


@pytest.mark.parametrize("as_object", [False, True], ids=["dict", "openai"])
@pytest.mark.parametrize("vector", read_vectors())
def test_vectors(vector, as_object):
    choice = {"index": 0, "logprobs": None, **{name: vector[name] for name in ("finish_reason", "message")}}
    if as_object:
        from openai.types.chat.chat_completion import Choice

        choice = Choice.model_validate(choice)
    parsed, expected = parse_completion(choice), vector["expect"]
    assert (parsed.status, parsed.label) == (expected["status"], expected["label"])
    assert parsed.flags == ((expected["flag"],) if "flag" in expected else ())
    assert (parsed.explanation is None) == (parsed.label is None)


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
        ("", "truncated"),
        ("Let me", "truncated"),
    ],
)
def test_cut_off(content, status):
    parsed = parse(content, finish="length")
    assert parsed.status == status
    assert parsed.flags == (("cut_after_answer",) if status == "ok" else ())


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


@pytest.mark.parametrize("name", HUGE)
def test_100_kb_in_under_50_ms(name):
    for message in ({"content": HUGE[name]}, {"content": None, "reasoning": HUGE[name]}):
        for finish in ("stop", "length"):
            fastest = float("inf")
            for _ in range(5):  # another process may take the core for a while
                began = time.perf_counter()
                check(parse_completion({"finish_reason": finish, "message": message}))
                fastest = min(fastest, time.perf_counter() - began)
                if fastest < 0.05:
                    break
            assert fastest < 0.05, f"{fastest * 1000:.0f} ms, {finish}, {list(message)}"
