import subprocess
import sys

import nbformat
import pytest

from workbook.commands import cli


def notebook(folder, name, *sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"{name}.ipynb")


def test_the_command_line_imports_nothing_heavy():
    code = (
        "import sys, workbook.commands.cli\n"
        "workbook.commands.cli.parser()\n"
        "heavy = {'torch', 'transformers', 'datasets', 'pandas', 'nbclient', 'matplotlib'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run", "--mode", "dream"], ["run", "--timeout", "soon"]])
def test_wrong_use_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert "usage: workbook" in capsys.readouterr().err


def test_an_unknown_notebook_is_named_with_those_that_exist(tmp_path, capsys):
    notebook(tmp_path, "00_first", "1")
    notebook(tmp_path, "03_third", "1")
    assert cli.main(["run", "7", "--notebooks", str(tmp_path)]) == 1
    assert "no notebook '7'. There are: 00_first, 03_third" in capsys.readouterr().err


def test_a_folder_without_notebooks(tmp_path, capsys):
    assert cli.main(["run", "--notebooks", str(tmp_path)]) == 1
    assert "--notebooks DIR" in capsys.readouterr().err
    assert cli.main(["run", "--notebooks", str(tmp_path / "none")]) == 1
    assert "is not a folder" in capsys.readouterr().err


def test_an_overlay_that_does_not_exist(tmp_path, capsys):
    notebook(tmp_path, "00_first", "1")
    arguments = ["run", "--notebooks", str(tmp_path), "--hub-root", str(tmp_path / "hub")]
    assert cli.main(arguments) == 1
    assert "is not a folder" in capsys.readouterr().err
    assert cli.main([*arguments, "--mode", "live"]) == 1
    assert "is not a folder" in capsys.readouterr().err


def test_a_wrong_mode_in_the_environment(monkeypatch, capsys):
    monkeypatch.setenv("WORKBOOK_MODE", "dream")
    assert cli.main(["run"]) == 1
    assert "WORKBOOK_MODE='dream'" in capsys.readouterr().err


def test_doctor_exits_1_where_something_is_missing(monkeypatch, capsys):
    from workbook.commands import doctor

    checks = [
        doctor.Check("Memory", "ok", "16 GiB"),
        doctor.Check("Disk", "missing", "0.1 GiB", "Make room."),
    ]
    monkeypatch.setattr(doctor, "checks", lambda: checks)
    assert cli.main(["doctor"]) == 1
    shown = capsys.readouterr()
    assert "missing  Disk" in shown.out and "→ Make room." in shown.out
    assert "Missing: Disk" in shown.err
    monkeypatch.setattr(doctor, "checks", lambda: checks[:1])
    assert cli.main(["doctor"]) == 0


def test_report_goes_where_it_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "outputs"))
    assert cli.main(["report"]) == 0
    assert (tmp_path / "outputs" / "report.html").is_file()
    assert cli.main(["report", "--output", str(tmp_path / "page.html")]) == 0
    assert "Nothing has run yet" in (tmp_path / "page.html").read_text(encoding="utf-8")
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert cli.main(["report", "--output", str(tmp_path / "file" / "page.html")]) == 1
    assert "--output FILE" in capsys.readouterr().err
