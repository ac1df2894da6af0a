import os
from collections import namedtuple

import pytest

from workbook import machine
from workbook.commands import doctor


def test_packages_are_held_against_floors():
    lines = doctor.packages(
        ["pytest>=8", "nbformat>=900", "no-such-package>=1", 'no-such-either>=1; extra == "jupyter"']
    )
    by_name = {check.name: check for check in lines}
    assert by_name["Packages"].status == "ok" and "pytest" in by_name["Packages"].found
    assert by_name["nbformat"].status == "missing" and '"nbformat>=900"' in by_name["nbformat"].cure
    assert (by_name["no-such-package"].status, by_name["no-such-package"].found) == (
        "missing",
        "not installed",
    )
    assert by_name["[jupyter]"].status == "warn" and "encoder-workbook[jupyter]" in by_name["[jupyter]"].cure


def test_what_other_systems_need_is_not_asked_for_here():
    assert doctor.packages(['no-such-package>=1; sys_platform == "plan9"', 'other>=1; extra == "dev"']) == []


def test_this_distributions_own_floors_hold_here():
    assert [check for check in doctor.packages() if check.status == "missing"] == []


@pytest.mark.parametrize(
    ("version", "status"), [((3, 10), "missing"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "warn")]
)
def test_python_versions(version, status):
    check = doctor.python(version)
    assert check.status == status
    assert bool(check.cure) == (status != "ok")


@pytest.mark.parametrize(("free", "status"), [(0.2, "missing"), (4, "warn"), (40, "ok")])
def test_disk_and_memory(free, status, tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "not" / "yet"))
    monkeypatch.setattr(machine, "free_disk_gib", lambda folder: free)
    assert doctor.disk().status == status
    import psutil

    memory = namedtuple("memory", "available total")(free * 2**30, 64 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert doctor.memory().status == status


@pytest.mark.skipif(
    os.name == "nt" or getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write anywhere"
)
def test_a_results_folder_that_cannot_be_written(tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "outputs"))
    check = doctor.disk()
    assert check.status == "missing" and "WORKBOOK_OUTPUTS" in check.cure


def test_the_hub_is_asked_at_its_endpoint(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens on the discard port
    check = doctor.hub()
    assert check.status == "warn" and "127.0.0.1" not in check.found and "no answer" in check.found
    monkeypatch.setattr(machine, "hub_answers", lambda endpoint: endpoint == "https://hub.example/")
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.example/")
    assert doctor.hub() == doctor.Check("Hub", "ok", "hub.example answers")


def test_secrets_are_found_and_never_shown(tmp_path, monkeypatch):
    for variable in (
        "HF_TOKEN",
        "HUGGING_FACE_HUB_TOKEN",
        "HF_TOKEN_PATH",
        "OPENAI_BASE_URL",
        "OPENAI_API_KEY",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert (doctor.token().status, doctor.teacher().status) == ("warn", "warn")
    (tmp_path / "token").write_text("hf_secret", encoding="utf-8")
    from_file = doctor.token()
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    half = doctor.teacher()
    assert half.status == "warn" and half.found == "OPENAI_BASE_URL is not set"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:secret@teacher.example:1234/v1")
    found = [from_file, doctor.token(), doctor.teacher()]
    assert {check.status for check in found} == {"ok"}
    monkeypatch.setenv("WORKBOOK_TEACHER_NAME", "sandbox")
    assert doctor.teacher().found == "the scripted one on this machine"
    table = doctor.table(found)
    assert "secret" not in repr(table) + table._repr_html_()
    assert "teacher.example" in repr(table)


def test_the_table_shows_each_check_with_its_cure_in_both_forms():
    table = doctor.table([doctor.Check("Hub token", "warn", "none <at all>", "Log in.")])
    assert repr(table) == "warn     Hub token  none <at all>\n                    → Log in."
    assert "none &lt;at all&gt;" in table._repr_html_() and "Log in." in table._repr_html_()


def test_looking_imports_no_client_of_the_hub():
    import subprocess
    import sys

    code = (
        "import sys\nfrom workbook import machine\nfrom workbook.commands import doctor\n"
        "machine.hub_answers = lambda endpoint: False\n"
        "names = [check.name for check in doctor.checks()]\n"
        "assert {'Python', 'torch and GPU', 'Memory', 'Disk', 'Hub', 'Hub token', 'Teacher'} <= set(names)\n"
        "print(sorted({'huggingface_hub', 'datasets', 'evaluate', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_it_still_says_what_is_missing_where_nothing_is_installed(monkeypatch):
    import sys

    for name in ("packaging", "packaging.requirements", "psutil"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not there
    (check,) = doctor.packages()
    assert check.status == "missing" and "pip install" in check.cure
    assert doctor.memory().status == "warn"


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """Packages that do not load, each in its own way, and two that do."""
    for name, source in {
        "fine": "part = 1",
        "halved": "",
        "library": "raise OSError('libcudart.so.13: cannot open shared object file')",
        "leaves": "raise SystemExit('no licence')",
        "crashes": "import os\nos._exit(139)",
        "hangs": "import time\ntime.sleep(60)",
        "noisy": "import sys\nprint('@doctor {not ours')\nprint('hello')\npart = 1",
    }.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("halved", "AttributeError"),
        ("library", "OSError: libcudart.so.13"),
        ("leaves", "SystemExit: no licence"),
        ("crashes", "Python ended with exit code 139"),
        ("no_such_package", "ModuleNotFoundError"),
    ],
)
def test_a_package_that_is_installed_but_does_not_load(broken, name, why):
    (check,) = doctor.loading({"fine": "part", name: "part"})
    assert (check.name, check.status) == (name, "missing")
    assert check.found.startswith("does not load: ") and why in check.found
    assert f"pip install --force-reinstall {name}" in check.cure


def test_a_package_that_never_finishes_loading(broken, monkeypatch):
    monkeypatch.setattr(doctor, "_LOAD_SECONDS", 3.0)
    (check,) = doctor.loading({"fine": "part", "hangs": "part"})
    assert check.name == "hangs" and "not within 3 s" in check.found


def test_what_packages_print_while_they_load_is_ignored(broken):
    assert doctor.loading({"noisy": "part", "fine": "part"}) == []


def test_torch_tells_what_it_computes_on(monkeypatch):
    facts = {"torch": "2.11", "threads": 2, "mps": False, "card": False}
    monkeypatch.setattr(machine, "nvidia_gpu", lambda: None)
    assert "torch computes on 2 of" in doctor.gpu(facts).found
    monkeypatch.setattr(machine, "nvidia_gpu", lambda: machine.GPU("Tesla T4", 15))
    assert "torch 2.11 cannot use it" in doctor.gpu(facts).found
    assert doctor.gpu({**facts, "mps": True}).status == "ok"
    assert doctor.gpu({**facts, "card": "Tesla T4, 15 GiB"}).found == "Tesla T4, 15 GiB"
