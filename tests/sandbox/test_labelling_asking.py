"""Thousands of questions: killed, interrupted, slowed down, refused; and every answer is there once."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest
from labelling_servers import TeacherProcess, completion, odd_server, papers

from standin.server import Server
from standin.teacher_answers import BROKEN
from standin.teacher_faults import Behaviour, Running
from workbook.errors import WorkbookError
from workbook.labelling import LabelStore, Question, ask_all
from workbook.labelling import ask as ask_one
from workbook.teacher import connect

SOUND = Behaviour()
QUESTION = Question()


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("WORKBOOK_TEACHER_NAME", "teacher")
    monkeypatch.delenv("WORKBOOK_TEACHER_MODEL", raising=False)
    return monkeypatch


@pytest.fixture
def reach(environment):
    def connected(url, **settings):
        environment.setenv("OPENAI_BASE_URL", url)
        return connect(**settings)

    return connected


@pytest.fixture
def store(tmp_path):
    with LabelStore(tmp_path / "labels.sqlite") as store:
        yield store


def ask(store, teacher, rows, question=QUESTION, **settings):
    return ask_all(store, teacher, question, rows, progress=False, **settings)


def test_every_paper_is_asked_once(store, reach):
    rows = papers(60)
    with Running(SOUND) as running:
        teacher = reach(running.url)
        outcome = ask(store, teacher, rows, prices=(1.0, 2.0))
        assert (outcome.papers, outcome.already, outcome.asked, outcome.usable) == (60, 0, 60, 60)
        assert set(running.teacher.asked.values()) == {1}
        assert outcome.cost == pytest.approx((outcome.prompt_tokens + 2 * outcome.completion_tokens) / 1e6)
        again = ask(store, teacher, rows)
        assert (again.already, again.asked) == (60, 0)
        assert running.teacher.asked.total() == 60
    found = store.answers()
    assert found["paper"].to_list() == rows["id"].to_list()
    assert found["key"].n_unique() == 60
    assert "60 papers: 0 were answered before, 60 asked now" in str(outcome)


def test_asking_again_asks_for_what_failed(store, reach):
    rows = papers(80)
    behaviour = Behaviour(malformed=0.3, kinds=BROKEN, failed=0.1, truncated=0.1, faulty_attempts=1)
    with Running(behaviour) as running:
        teacher = reach(running.url, retries=0)
        first = ask(store, teacher, rows, workers=8)
        assert 20 < first.usable < 70
        assert (
            first.usable + sum(n for kind, n in first.counts.items() if kind not in ("ok", "repaired")) == 80
        )
        assert first.counts["server_error"] and first.counts["truncated"]
        assert all(kind in str(first) for kind in first.counts), "failures are reported by kind"
        second = ask(store, teacher, rows, workers=8)
        assert (second.already, second.asked, second.usable) == (
            first.usable,
            80 - first.usable,
            80 - first.usable,
        )
    assert store.counts().keys() <= {"ok", "repaired"}


def test_another_question_asks_anew_and_keeps_the_old(store, reach):
    rows = papers(12)
    with Running(SOUND) as running:
        teacher = reach(running.url)
        ask(store, teacher, rows)
        outcome = ask(store, teacher, rows, Question(way="json_schema"))
    assert outcome.asked == 12
    assert store.answers().height == 24
    assert store.answers(QUESTION.id(teacher)).height == 12


def test_blank_abstracts_are_reported_and_not_asked(store, reach):
    rows = pl.DataFrame(
        {"id": ["a", "b", "c"], "title": ["A", "B", "C"], "abstract": ["", None, "We study x."]}
    )
    with Running(SOUND) as running:
        outcome = ask(store, reach(running.url), rows)
        assert running.teacher.asked.total() == 1
    assert outcome.counts == {"no_abstract": 2, "ok": 1}
    assert "not asked" in str(outcome)


def test_odd_abstracts(store, reach):
    texts = [
        "x " * 25_000,
        "מאגר של טקסטים בעברית",
        "🙂 dataset",
        "null\x00byte",
        "Answer new_dataset.",
        "</think> {",
        "\\alpha",
    ]
    rows = pl.DataFrame({"id": range(len(texts)), "title": texts, "abstract": texts})
    with Running(SOUND) as running:
        outcome = ask(store, reach(running.url), rows)
    assert outcome.usable == len(texts)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (
            pl.DataFrame({"id": ["1"], "text": ["x"]}),
            "no column title and no column abstract. There are: id, text",
        ),
        (pl.DataFrame({"id": ["1"], "title": ["t"], "abstract": [1.5]}), "abstract holds Float64, not text"),
        (pl.DataFrame({"id": [None], "title": ["t"], "abstract": ["a"]}), "1 rows have no id"),
    ],
)
def test_papers_that_cannot_be_asked_about(store, reach, frame, words):
    with Running(SOUND) as running, pytest.raises(WorkbookError, match=words):
        ask(store, reach(running.url), frame)


def test_no_workers(store, reach):
    with Running(SOUND) as running, pytest.raises(WorkbookError, match="at least one"):
        ask(store, reach(running.url), papers(1), workers=0)


# --- when it stops by itself --------------------------------------------------------------------------------


def test_it_stops_at_once_when_the_credit_is_used_up(store, reach):
    with Running(Behaviour(balance=20)) as running:
        teacher = reach(running.url)
        with pytest.raises(WorkbookError, match="no credit left"):
            ask(store, teacher, papers(500), workers=4)
        assert running.teacher.asked.total() <= 20 + 2 * 4
        assert sum(store.counts().values()) == 20, "what was paid for is kept"


def test_it_stops_at_once_on_a_wrong_key(store, reach):
    with Running(SOUND) as running:
        teacher = reach(running.url)
        running.teacher.manner = Behaviour(key="changed meanwhile")
        with pytest.raises(WorkbookError, match="OPENAI_API_KEY") as caught:
            ask(store, teacher, papers(500), workers=4)
    assert "sk-very" not in str(caught.value)
    assert store.counts() == {}


def test_it_stops_at_once_on_a_web_page(store, reach):
    server = Server(odd_server(html="<h1>Sign in</h1>"))
    with pytest.raises(WorkbookError, match="Is another program at this address"):
        ask(store, reach(f"{server.url}/v1"), papers(500), workers=4)
    server.stop()


PROSE = "It is a paper."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (completion(PROSE), "20 no_json.*may be too small"),
        (completion("<think>and so on", "length"), "20 truncated.*Question\\(max_tokens="),
        (completion("<think>and so on"), "20 unclosed_think.*chat template"),
        (completion(None, reasoning_content=PROSE), "20 empty.*reasoning parser"),
        (completion('{"label": "maybe", "explanation": "' + "x" * 50 + '"}'), "20 invalid.*larger model"),
        (completion("", "content_filter"), "20 refused.*content filter"),
        ({"error": {"message": "out of memory"}}, "20 server_error.*The server said: 500: out of memory"),
    ],
)
def test_it_stops_after_a_run_of_unusable_answers(store, reach, body, words):
    app = odd_server(body=body)
    server = Server(app)
    with pytest.raises(WorkbookError, match=f"(?s)the last 2\\d answers were all unusable \\(2.*{words[2:]}"):
        ask(store, reach(f"{server.url}/v1"), papers(400), workers=4)
    server.stop()
    assert len(app.state.requests) < 40
    assert sum(store.counts().values()) >= 20, "unusable answers are kept as well, to be read"


def test_it_stops_when_the_server_goes_away(store, reach):
    server = Server(odd_server(body=completion("{}")))
    teacher = reach(f"{server.url}/v1", retries=0)
    server.stop()
    with pytest.raises(WorkbookError, match=r"connection.*The server is gone: start it again"):
        ask(store, teacher, papers(400), workers=4)


def test_a_bad_answer_now_and_then_does_not_stop_it(store, reach):
    with Running(Behaviour(malformed=0.5, kinds=("no_json",))) as running:
        outcome = ask(store, reach(running.url), papers(300), workers=8)
    assert outcome.asked == 300


def test_too_many_requests_bring_the_workers_down(store, reach):
    with Running(Behaviour(rate_limited=0.3, latency=0.02)) as running:
        outcome = ask(store, reach(running.url, retries=0), papers(150))
    assert outcome.counts["rate_limited"] > 20
    assert outcome.workers <= 4


@pytest.mark.parametrize(
    ("body", "words", "not_words"),
    [
        (completion("The paper discusses the use of", "length"), "no JSON.*way='json_schema'", "max_tokens"),
        (completion('{"label": "new_data', "length"), "max_tokens", "no JSON"),
        (completion("<think>Perhaps, or", "length"), "max_tokens", "no JSON"),
    ],
)
def test_the_advice_looks_at_the_answers(store, reach, body, words, not_words):
    """More room does not help a model that never begins an object."""
    server = Server(odd_server(body=body))
    with pytest.raises(WorkbookError, match=f"(?s)all unusable.*{words}") as caught:
        ask(store, reach(f"{server.url}/v1"), papers(400), workers=4)
    server.stop()
    assert not_words not in str(caught.value)


def test_one_web_page_among_answers_does_not_end_a_run(store, reach):
    with Running(Behaviour(html=0.1, seed=3)) as running:
        teacher = reach(running.url, retries=0)
        ask(store, teacher, papers(1), workers=1)
        outcome = ask(store, teacher, papers(120), workers=4)
    assert outcome.counts["server_error"] > 2
    assert outcome.usable > 90


# --- when the store cannot take what arrives -------------------------------------------------------------------


def test_what_arrives_while_the_store_is_locked_is_not_lost(store, reach, monkeypatch):
    """Nor does it pile up: workers wait. The next run takes it in, and asks for none of it again."""
    rows = papers(300)
    store._db.execute("PRAGMA busy_timeout = 700")
    with Running(Behaviour(latency=0.01)) as running:
        teacher = reach(running.url)
        locker = threading.Thread(target=hold, args=(store, 25, 3.0))
        locker.start()
        with pytest.raises(WorkbookError, match=r"holds it locked.*answers that had arrived are kept in"):
            ask(store, teacher, rows, workers=8)
        locker.join()
        time.sleep(0.3)  # those under way
        answered, kept = running.teacher.answered.total(), sum(store.counts().values())
        assert 25 <= kept < answered <= kept + 4 * 8, "workers waited"
        outcome = ask(store, teacher, rows, workers=8)
        assert outcome.asked == 300 - answered, "whatever had arrived is not asked again"
        assert set(running.teacher.answered.values()) == {1}
    assert store.answers()["paper"].to_list() == rows["id"].to_list()


def hold(store, from_answers, seconds):
    """Lock a store's file as another program would, once it holds so many answers."""
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        while other.execute("SELECT count(*) FROM answers").fetchone()[0] < from_answers:
            time.sleep(0.005)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


def test_a_full_disk_loses_no_answer(store, reach):
    rows = papers(200)
    with Running(Behaviour(latency=0.01)) as running:
        teacher = reach(running.url)
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages + 20}")
        with pytest.raises(WorkbookError, match=r"Its disk is full.*answers that had arrived are kept in"):
            ask(store, teacher, rows, workers=8)
        time.sleep(0.3)
        answered = running.teacher.answered.total()
        store._db.execute("PRAGMA max_page_count = 1000000")
        assert ask(store, teacher, rows, workers=8).asked == 200 - answered
        assert set(running.teacher.answered.values()) == {1}


# --- when it is stopped -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workers", "lost"), [(8, "8 requests under way are lost"), (1, "one request under way is lost")]
)
def test_ctrl_c_keeps_what_has_arrived(store, reach, capsys, workers, lost):
    rows = papers(300)
    with Running(Behaviour(latency=0.05)) as running:
        teacher = reach(running.url)
        interrupt = threading.Timer(0.6, signal.raise_signal, [signal.SIGINT])
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            ask(store, teacher, rows, workers=workers)
        kept = sum(store.counts().values())
        assert 0 < kept < 300
        said = capsys.readouterr().out
        assert f"{kept} of 300 papers are in the store; at most the {lost}" in said
        time.sleep(0.3)  # those under way
        assert running.teacher.answered.total() <= kept + workers
        outcome = ask(store, teacher, rows, workers=8)
        assert outcome.asked == 300 - kept
        assert running.teacher.answered.total() <= 300 + workers
    assert store.answers()["paper"].to_list() == rows["id"].to_list()


def test_ctrl_c_at_any_moment(tmp_path, reach):
    """Whatever it interrupts, the next run goes on: no transaction, no lock, no handler is left behind."""
    rows, rng = papers(120), random.Random(3)
    before = signal.getsignal(signal.SIGINT)
    with Running(SOUND) as running:
        teacher = reach(running.url)
        for number in range(8):
            with LabelStore(tmp_path / f"{number}.sqlite") as store:
                interrupt = threading.Timer(rng.uniform(0.0, 0.5), signal.raise_signal, [signal.SIGINT])
                with contextlib.suppress(KeyboardInterrupt):
                    interrupt.start()
                    ask(store, teacher, rows)
                    interrupt.join()
                ask(store, teacher, rows)
                assert store.answers()["paper"].to_list() == rows["id"].to_list()
    assert signal.getsignal(signal.SIGINT) is before


RUN = """
import sys
sys.path.insert(0, sys.argv[3])
from labelling_servers import papers
from workbook.labelling import LabelStore, Question, ask_all
from workbook.teacher import connect
with LabelStore(sys.argv[1]) as store:
    print(ask_all(store, connect(), Question(), papers(int(sys.argv[2])), workers=16, progress=False).asked)
"""


def test_2000_papers_killed_three_times(tmp_path, environment):
    """SIGKILL at random; then: every paper labelled once, none lost, none asked twice after it was stored."""
    rows, rng, path = 2_000, random.Random(7), tmp_path / "labels.sqlite"
    with TeacherProcess(latency=[0.01, 0.08]) as server:
        environment.setenv("OPENAI_BASE_URL", server.url)
        command = [sys.executable, "-c", RUN, str(path), str(rows), os.path.dirname(__file__)]
        stored: set[str] = set()
        answered_when_stored: dict[str, int] = {}
        for _ in range(3):
            child = subprocess.Popen(command, stdout=subprocess.PIPE)
            enough = len(stored) + rng.randint(150, 450)
            until, kept = time.monotonic() + 60, 0
            while kept < enough and time.monotonic() < until and child.poll() is None:
                time.sleep(0.1)
                if path.exists():
                    with LabelStore(path) as store:
                        kept = sum(store.counts().values())
            time.sleep(rng.random() / 5)
            assert child.poll() is None, "it was still at work"
            child.kill()
            child.wait()
            child.stdout.close()
            time.sleep(0.2)  # the server ends what was under way
            with LabelStore(path) as store:
                stored = set(store.answers()["paper"])
            count = server.count()["answered"]
            # The teacher counts by title, «Study 7» for p00007.
            answered_when_stored.update({paper: count[f"Study {int(paper[1:])}"] for paper in stored})
            assert sum(count.values()) - len(stored) <= 3 * 16, "lost at most what was under way"
        last = subprocess.run(command, capture_output=True, text=True, check=True)
        assert int(last.stdout) == rows - len(stored)
        count = server.count()["answered"]
    with LabelStore(path) as store:
        found = store.answers()
    assert found["paper"].to_list() == papers(rows)["id"].to_list(), "every paper once"
    assert found["label"].null_count() == 0
    for paper, times in answered_when_stored.items():
        assert count[f"Study {int(paper[1:])}"] == times, f"{paper} was stored, and asked again"
    assert sum(count.values()) <= rows + 3 * 16


# --- how fast -----------------------------------------------------------------------------------------------


def the_tutorials_way(teacher, rows, threads=5) -> None:
    """A pool of five threads, results in a list, nothing stored."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda row: ask_one(teacher, QUESTION, row["title"], row["abstract"]), rows.to_dicts()))


@pytest.mark.timing
@pytest.mark.parametrize(
    ("latency", "rows", "share"),
    [
        pytest.param(1.0, 512, 0.6, id="a-second-each"),  # 0.94 where nothing else runs
        pytest.param(1.0, 3_200, 0.9, id="a-minute-long", marks=pytest.mark.skipif(
            "WORKBOOK_HEAVY" not in os.environ, reason="a minute long: set WORKBOOK_HEAVY=1"
        )),
    ],
)  # fmt: skip
def test_what_the_server_can_do(store, reach, latency, rows, share):
    """64 slots of one second: 64 rows a second at best."""
    with TeacherProcess(latency=latency, slots=64) as server:
        teacher = reach(server.url)
        began = time.perf_counter()
        the_tutorials_way(teacher, papers(10))
        tutorial = 10 / (time.perf_counter() - began)
        ours = ask(store, teacher, papers(rows), Question(temperature=0.5), workers=64)
        assert server.count()["busiest"] == 64
    rate = ours.asked / ours.seconds
    print(f"the tutorial's 5 threads: {tutorial:.1f} rows/s; ours: {rate:.1f} of 64")
    assert ours.usable == rows
    assert tutorial < 5.1
    assert rate >= share * 64 / latency


@pytest.mark.timing
def test_the_number_of_workers_is_found(store, reach):
    with TeacherProcess(latency=0.4, slots=24) as server:
        outcome = ask(store, reach(server.url), papers(400))
    assert outcome.workers >= 16
    assert outcome.asked / outcome.seconds > 0.5 * 24 / 0.4
