"""tools/bootstrap.py: what it installs, what it leaves alone, and how it counts."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import bootstrap  # noqa: E402


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """An empty clone; the commands that setup runs are recorded, and only the virtual environment is made."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.delenv("WORKBOOK_PYTHON", raising=False)
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv" / "stamp.json")
    bootstrap.commands = []
    real = subprocess.run

    def run(command, **options):
        bootstrap.commands.append(list(map(str, command[1:])))
        if command[1:3] == ["-m", "venv"]:
            real([*command, "--without-pip"], **options)

    monkeypatch.setattr(bootstrap.subprocess, "run", run)
    yield tmp_path
    del bootstrap.commands


def test_setup_installs_the_pinned_torch_first_and_a_second_one_does_nothing(clone):
    python = bootstrap.set_up()
    venv, torch, rest = bootstrap.commands
    assert venv[:3] == ["-m", "venv", "--clear"] and python.is_relative_to(clone / ".venv")
    pin = next(
        line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if line[:7] == "torch=="
    )
    assert torch[-3:] == ["-c", "constraints.txt", pin]
    assert rest[-4:] == ["-c", "constraints.txt", "-e", ".[dev,jupyter]"]
    assert bootstrap.set_up() == python and len(bootstrap.commands) == 3


def test_changed_requirements_are_installed_into_the_environment_there_is(clone):
    bootstrap.set_up()
    (clone / "constraints.txt").write_text("torch==9.9\n", encoding="utf-8")
    bootstrap.set_up()
    assert [command[-1] for command in bootstrap.commands[3:]] == ["torch==9.9", ".[dev,jupyter]"]


def test_a_setup_that_was_cut_off_starts_over(clone, monkeypatch):
    """What pip had half written must not pass for installed."""
    bootstrap.set_up()
    (clone / "pyproject.toml").write_text("", encoding="utf-8")
    recorded = bootstrap.subprocess.run

    def cut_off(command, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap.subprocess, "run", cut_off)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.set_up()
    half = clone / ".venv" / "half-written"
    half.touch()
    monkeypatch.setattr(bootstrap.subprocess, "run", recorded)
    bootstrap.set_up()
    assert not half.exists()


def test_an_environment_that_was_made_by_hand_is_kept(clone):
    """With a CPU build of torch in it, for instance; unless its Python is another one."""
    subprocess.run([sys.executable, "-m", "venv", clone / ".venv"])
    mine = clone / ".venv" / "mine"
    mine.touch()
    bootstrap.set_up()
    assert mine.exists() and [command[:3] for command in bootstrap.commands[1:]] == 2 * [
        ["-m", "pip", "--disable-pip-version-check"]
    ]
    config = clone / ".venv" / "pyvenv.cfg"
    config.write_text(config.read_text().replace(platform.python_version(), "3.0.0"))
    bootstrap.STAMP.unlink()
    bootstrap.set_up()
    assert not mine.exists()


@pytest.mark.parametrize("stamp", ["{", "[1]", "", "{}"])
def test_a_broken_stamp_counts_as_cut_off(clone, stamp):
    bootstrap.set_up()
    bootstrap.STAMP.write_text(stamp, encoding="utf-8")
    bootstrap.set_up()
    assert bootstrap.commands[3][:3] == ["-m", "venv", "--clear"]


def test_the_stamp_depends_on_requirements_python_and_place(clone, monkeypatch):
    bootstrap.set_up()
    stamp = json.loads(bootstrap.STAMP.read_text(encoding="utf-8"))
    assert stamp == bootstrap.fingerprint() and len(stamp["sha256"]) == 64
    monkeypatch.setattr(bootstrap, "EXTRAS", "dev")
    assert stamp != bootstrap.fingerprint()


def test_a_folder_that_is_not_an_environment_is_left_alone(clone):
    (clone / ".venv").mkdir()
    (clone / ".venv" / "mine.txt").touch()
    with pytest.raises(SystemExit, match="not a virtual environment"):
        bootstrap.set_up()
    assert (clone / ".venv" / "mine.txt").exists()


def test_an_old_python_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(bootstrap, "OLDEST", (9, 9))
    with pytest.raises(SystemExit, match=r"the workbook needs 64-bit Python 9\.9"):
        bootstrap.check_python()


def test_pip_that_fails_shows_its_reason_and_leaves_no_stamp_that_says_done(tmp_path):
    """In a clone whose constraints name a torch that does not exist, without any index to look it up."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "bootstrap.py").write_bytes((ROOT / "tools" / "bootstrap.py").read_bytes())
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "constraints.txt").write_text("torch==0.0.0.1\n", encoding="utf-8")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "WORKBOOK_"))
    }
    done = subprocess.run(
        [sys.executable, str(tmp_path / "tools" / "bootstrap.py"), "setup"],
        env=environment | {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert "torch==0.0.0.1" in done.stderr
    assert done.stderr.rstrip().endswith("Setup failed (exit code 1); the reason is above.")
    assert (tmp_path / ".venv" / "workbook-setup.json").read_text() == "{}"


def test_a_named_python_is_used_as_it_is(clone, monkeypatch):
    monkeypatch.setenv("WORKBOOK_PYTHON", sys.executable)
    assert bootstrap.set_up() == Path(sys.executable) and bootstrap.commands == []
    monkeypatch.setenv("WORKBOOK_PYTHON", "no-such-python")
    with pytest.raises(SystemExit, match="WORKBOOK_PYTHON=no-such-python is not a program"):
        bootstrap.set_up()


def test_layers_end_with_a_table_and_a_line_of_counts(tmp_path, monkeypatch, capsys):
    """pytest itself in a clone of three tests: one passes, one fails, one is skipped; one layer has no tests."""
    layer = tmp_path / "tests" / "unit"
    layer.mkdir(parents=True)
    (tmp_path / "tests" / "sandbox").mkdir()
    (layer / "test_three.py").write_text(
        "import pytest\ndef test_a(): pass\ndef test_b(): assert False\n@pytest.mark.skip\ndef test_c(): pass\n",
        encoding="utf-8",
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "REAL_DATA", tmp_path / "none")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # this suite's plugins take seconds to load
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")
    assert bootstrap.test(Path(sys.executable), ["unit", "sandbox", "real_data"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "1 passed, 3 failed, 2 skipped"  # the empty layer is asked twice
    assert any(line.startswith("unit ") and line.split()[1:4] == ["1", "1", "1"] for line in lines)
    assert any("no test was found" in line for line in lines)
    assert any("no real data beside the clone" in line for line in lines)


def test_an_interrupted_layer_ends_with_the_table_too(monkeypatch, capsys):
    def interrupted(python, layer):
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "run_layer", interrupted)
    assert bootstrap.test(Path(sys.executable), ["unit", "sandbox"]) == 130
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "0 passed, 0 failed, 0 skipped"
    assert [line.split("  ")[-1] for line in lines[-4:-2]] == ["interrupted", "not run"]


def test_an_unknown_layer_is_wrong_usage():
    command = [sys.executable, str(ROOT / "tools" / "bootstrap.py"), "test", "everything"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "unknown layer everything" in done.stderr
