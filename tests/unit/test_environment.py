"""What sandbox and live mode set in a process's environment, and what they leave to the person."""

import sys
import types

import pytest

from workbook import environment


@pytest.fixture
def entered(tmp_path, monkeypatch):
    # this process is no sandbox
    monkeypatch.setattr(environment, "set_when_imported", lambda inference=None: None)

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


def test_live_mode_on_a_cpu_lets_threads_sleep_and_leaves_their_number_to_torch():
    found = {}
    environment.enter_live(on_cpu=True, environment=found)
    assert found == {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
    found = {}
    environment.enter_live(on_cpu=False, environment=found)
    assert found == {}


@pytest.mark.parametrize("mirror", ["http://127.0.0.1:8080", "http://localhost:8080"])
def test_a_mirror_named_by_hand_on_this_machine_is_asked_alone_and_without_a_proxy(monkeypatch, mirror):
    applied = []
    monkeypatch.setattr(environment, "set_when_imported", lambda: applied.append(True))
    found = {"HF_ENDPOINT": mirror, "HTTPS_PROXY": "http://proxy.example"}
    environment.enter_live(on_cpu=False, environment=found)
    assert (found["HF_HUB_DISABLE_XET"], found["HF_UPDATE_DOWNLOAD_COUNTS"]) == ("1", "0")
    assert found["NO_PROXY"] == "127.0.0.1,localhost" and applied
    found = {"HF_ENDPOINT": mirror, "HF_HUB_DISABLE_XET": "0"}
    environment.enter_live(on_cpu=False, environment=found)
    assert found["HF_HUB_DISABLE_XET"] == "0", "what a person has set stays"


def test_the_hub_itself_and_a_mirror_elsewhere_keep_xet():
    for found in ({}, {"HF_ENDPOINT": "https://mirror.example"}):
        before = dict(found)
        environment.enter_live(on_cpu=False, environment=found)
        assert found == before


@pytest.fixture
def only_numpy(monkeypatch):
    """A process that has loaded numpy 1.26.4 and, of the compiled packages, nothing else."""
    for name in environment._COMPILED:
        monkeypatch.delitem(sys.modules, name, raising=False)
    module = types.ModuleType("numpy")
    module.__version__ = "1.26.4"
    monkeypatch.setitem(sys.modules, "numpy", module)
    return module


def test_a_package_that_was_replaced_under_this_kernel(monkeypatch, only_numpy):
    monkeypatch.setattr("importlib.metadata.version", lambda name: {"numpy": "2.4.6"}[name])
    assert environment.replaced_packages() == ["numpy 1.26.4 (installed: 2.4.6)"]


@pytest.mark.parametrize("loaded", ["2.4.6", "2.4.6+cpu", None])
def test_packages_as_installed(monkeypatch, only_numpy, loaded):
    only_numpy.__version__ = loaded
    monkeypatch.setattr("importlib.metadata.version", lambda name: {"numpy": "2.4.6"}[name])
    assert environment.replaced_packages() == []


def test_a_package_without_metadata_is_left_alone(only_numpy, monkeypatch):
    def unknown(name):
        raise environment.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.version", unknown)
    assert environment.replaced_packages() == []


def test_what_is_loaded_here_is_what_is_installed():
    import numpy  # noqa: F401

    assert environment.replaced_packages() == []
