"""What the sandbox sets in a process's environment, and what it leaves to the person."""

import pytest

from workbook import environment


@pytest.fixture
def entered(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "set_when_imported", lambda: None)  # this process is no sandbox

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


def test_a_mirror_replaces_the_hub_and_leaves_the_teacher(tmp_path):
    person = {
        "OPENAI_API_KEY": "key",
        "OPENAI_ORG_ID": "org",
        "HF_HUB_CACHE": "mine",
        "HF_HUB_OFFLINE": "1",
        "HF_TOKEN": "hf_real",
        "no_proxy": "intranet",
    }
    variables = dict(person)
    environment.enter_mirror("http://127.0.0.1:1", tmp_path / "home", variables)
    assert variables["HF_ENDPOINT"] == "http://127.0.0.1:1"
    assert variables["HF_HOME"] == str(tmp_path / "home") and "HF_HUB_CACHE" not in variables
    assert variables["HF_TOKEN"] == "hf_sandbox"
    assert {name: variables.get(name) for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "HF_HUB_OFFLINE")} == {
        "OPENAI_API_KEY": "key",
        "OPENAI_ORG_ID": "org",
        "HF_HUB_OFFLINE": "1",
    }
    assert "OPENAI_BASE_URL" not in variables and "WORKBOOK_TEACHER_NAME" not in variables
    assert variables["no_proxy"] == "intranet,127.0.0.1,localhost"


def test_a_mirror_keeps_the_persons_own_home(tmp_path):
    variables = {"HF_HOME": "mine", "HF_HUB_CACHE": "mine/too"}
    environment.enter_mirror("http://127.0.0.1:1", tmp_path / "home", variables)
    assert (variables["HF_HOME"], variables["HF_HUB_CACHE"]) == ("mine", "mine/too")
    assert not (tmp_path / "home").exists()
