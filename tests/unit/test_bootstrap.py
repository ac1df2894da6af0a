import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import bootstrap  # noqa: E402


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        (
            "Failed to establish a new connection: [Errno -3] Temporary failure in name resolution",
            "The network did not answer",
        ),
        ("ERROR: No matching distribution found for torch==2.13.0", "no torch of the tested version"),
        ("ERROR: No matching distribution found for polars==2.1.0", "not to be had here"),
        ("[Errno 13] Permission denied: 'x.pyd'", "cannot be written"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "pip cache purge"),
        ("something never seen", "open an issue"),
    ],
)
def test_a_failed_installation_gets_cause_and_cure(said, cure):
    assert cure in bootstrap.diagnosis(said)


def test_pip_that_fails_is_explained_and_logged(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "LOG", tmp_path / "log")
    with pytest.raises(
        bootstrap.Trouble, match=r"pip could not install nothing(.|\n)*no-such-option(.|\n)*All that pip said"
    ):
        bootstrap.pip(Path(sys.executable), "nothing", "install", "--no-such-option")
    assert "no-such-option" in (tmp_path / "log").read_text(encoding="utf-8")


def test_versions_come_from_constraints_and_builds_do_not_count():
    assert bootstrap.pinned("torch").count(".") == 2
    with pytest.raises(bootstrap.Trouble, match=r"no line nothing==…"):
        bootstrap.pinned("nothing")
    assert bootstrap.installed(Path(sys.executable), "pytest") == pytest.__version__
    assert bootstrap.installed(Path(sys.executable), "no-such-package") is None


def test_an_old_python_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(bootstrap, "OLDEST", (9, 9))
    with pytest.raises(bootstrap.Trouble, match=r"the workbook needs Python 9\.9"):
        bootstrap.check_python()


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "mine.txt").write_text("", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    with pytest.raises(bootstrap.Trouble, match="no virtual environment"):
        bootstrap.make_venv(tmp_path / "bin" / "python")
    assert (tmp_path / "mine.txt").exists()


def test_a_broken_stamp_counts_as_none_and_the_right_one_spares_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    assert bootstrap.read_stamp() is None
    (tmp_path / "stamp").write_text("{", encoding="utf-8")
    assert bootstrap.read_stamp() is None
    print_of = bootstrap.fingerprint()
    assert print_of == bootstrap.fingerprint() and len(print_of["sha256"]) == 64
    monkeypatch.setattr(bootstrap, "EXTRAS", "dev")
    assert print_of != bootstrap.fingerprint()


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
    assert any("real data are not beside the clone" in line for line in lines)


def test_an_unknown_layer_is_wrong_use():
    command = [sys.executable, str(ROOT / "tools" / "bootstrap.py"), "test", "everything"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "there is no layer 'everything'" in done.stderr


def test_an_environment_cut_off_while_unpacking_is_made_anew(tmp_path, monkeypatch):
    """What pip had half written must not pass for installed; one that was only interrupted before is kept."""
    python = tmp_path / ".venv" / "bin" / "python"
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "UNPACKING", tmp_path / ".venv" / "unpacking")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    half = tmp_path / ".venv" / "half-written"
    half.touch()
    made = []
    real = subprocess.run

    def run(command, **options):
        if command[1:3] == ["-m", "venv"]:
            made.append(command)
            command = [*command, "--without-pip"]
        elif command[1:2] == ["-c"]:
            command = [command[0], "-c", command[2].replace("import pip, ", "import ")]
        return real(command, **options)

    monkeypatch.setattr(bootstrap.subprocess, "run", run)
    if sys.platform == "win32":
        python = tmp_path / ".venv" / "Scripts" / "python.exe"
    bootstrap.make_venv(python)
    assert made == [] and half.exists()
    bootstrap.UNPACKING.touch()
    bootstrap.make_venv(python)
    assert len(made) == 1 and not half.exists() and not bootstrap.UNPACKING.exists()
