"""What the sandbox sets in a process's environment, and what it leaves to the person."""

import pytest

from workbook import environment


@pytest.fixture
def entered(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "_set_when_imported", lambda: None)  # this process is no sandbox

    def enter(**variables):
        environment.enter_sandbox("http://127.0.0.1:1", tmp_path / "home", variables)
        return variables

    return enter


def test_two_threads_that_sleep_while_they_wait(entered):
    found = entered()
    assert (found["OMP_NUM_THREADS"], found["OMP_WAIT_POLICY"]) == ("2", "passive")
    assert found["GOMP_SPINCOUNT"] == "1000"


def test_the_persons_own_threads_stay(entered):
    found = entered(OMP_NUM_THREADS="8", OMP_WAIT_POLICY="active")
    assert (found["OMP_NUM_THREADS"], found["OMP_WAIT_POLICY"]) == ("8", "active")


def test_the_persons_teacher_and_key_do_not_enter(entered):
    found = entered(
        OPENAI_BASE_URL="https://api.example/v1", OPENAI_API_KEY="a-secret", NO_PROXY="inside.example"
    )
    assert (found["OPENAI_BASE_URL"], found["OPENAI_API_KEY"]) == ("http://127.0.0.1:1/v1", "sandbox")
    assert found["NO_PROXY"] == found["no_proxy"].replace("127", "inside.example,127", 1)
