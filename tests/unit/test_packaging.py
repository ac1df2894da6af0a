"""What makes this a distribution, and what has to agree between its files."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ALL = [Requirement(line) for line in [*PROJECT["dependencies"], *chain(*EXTRAS.values())]]
CONSTRAINTS = {
    canonicalize_name(requirement.name): requirement
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
    for requirement in [Requirement(line)]
}


@pytest.mark.parametrize("requirement", ALL, ids=lambda requirement: requirement.name)
def test_every_dependency_has_a_floor_and_a_pin_that_fits_it(requirement):
    assert [specifier.operator for specifier in requirement.specifier] == [">="]
    pin = CONSTRAINTS[canonicalize_name(requirement.name)]
    (exact,) = pin.specifier
    assert exact.operator == "=="
    assert requirement.specifier.contains(exact.version)


def test_constraints_are_exact_and_each_named_once():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(pins) == len(CONSTRAINTS)
    for requirement in CONSTRAINTS.values():
        assert [specifier.operator for specifier in requirement.specifier] == ["=="]
    assert not [
        name for name in CONSTRAINTS if name.startswith(("nvidia", "triton"))
    ]  # torch's own wheels fix them


def test_the_install_line_replaces_nothing_that_colab_has_installed():
    """Colab's kernel has loaded pandas, pyarrow, numpy and more: another version on disk breaks the next import."""
    lines = (ROOT / "tools" / "colab.txt").read_text(encoding="utf-8").splitlines()
    colab = dict(line.split("==") for line in lines if not line.startswith("#"))
    needed = [Requirement(line) for line in PROJECT["dependencies"]]
    there = [requirement for requirement in needed if canonicalize_name(requirement.name) in colab]
    assert {requirement.name for requirement in needed} - {requirement.name for requirement in there} == {
        "evaluate",
        "python-crfsuite",
        "seqeval",
    }
    for requirement in there:
        assert requirement.specifier.contains(colab[canonicalize_name(requirement.name)]), requirement


def test_pre_commit_uses_the_ruff_of_constraints():
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.search(r"rev: v(\S+)", text).group(1) == str(next(iter(CONSTRAINTS["ruff"].specifier)).version)


def test_environment_yml_stays_thin_and_names_extras_that_exist():
    import yaml

    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    assert conda == ["python=3.11", "pip"]
    assert pip["pip"][0] == "-c constraints.txt"
    named = re.fullmatch(r"-e \.\[(.+)\]", pip["pip"][1]).group(1).split(",")
    assert set(named) == set(EXTRAS)
    bootstrap = (ROOT / "tools" / "bootstrap.py").read_text(encoding="utf-8")
    assert f'EXTRAS = "{",".join(named)}"' in bootstrap


def test_the_python_versions_agree():
    import yaml

    minors = [classifier.rsplit(" ", 1)[1] for classifier in PROJECT["classifiers"] if ":: 3." in classifier]
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == minors
    assert PROJECT["requires-python"] == f">={minors[0]}"
    from workbook.commands import doctor

    assert [".".join(map(str, version)) for version in doctor.TESTED] == [minors[0], minors[-1]]


def test_workflows_use_actions_by_tag_and_run_what_a_person_runs():
    import yaml

    for path in (ROOT / ".github/workflows").glob("*.yml"):
        workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
        for job in workflow["jobs"].values():
            for step in job["steps"]:
                assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/x@v1"))
        commands = [step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"]]
        assert any("bootstrap.py test" in command for command in commands)


def test_the_licence_is_whole():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert (
        "Apache License" in text
        and "Version 2.0, January 2004" in text
        and "END OF TERMS AND CONDITIONS" in text
    )


def test_the_wheel_carries_data_and_notebooks(tmp_path):
    """Built as pip builds it, unpacked where no clone is near, and asked for what the sandbox needs."""
    import subprocess
    import sys
    import zipfile

    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path / "dist"), versions=["standard"])
    site = tmp_path / "lib" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(site)
    assert "workbook/commands/report.html.j2" in names
    assert not [
        name for name in names if "checkpoints" in name or "outputs" in name or name.startswith("tests")
    ]
    code = (
        "from workbook import paths\n"
        "assert paths.clone_root() is None\n"
        "for name in ('data', 'notebooks'):\n"
        "    print(paths.resource(name).name, sum(1 for p in paths.resource(name).rglob('*') if p.is_file()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr

    def files(name):
        there = [p for p in (ROOT / name).rglob("*") if p.is_file() and not p.name.startswith(".")]
        generators = ROOT / "data" / "source"  # they write the data; an installation only reads them
        left_out = (".ipynb_checkpoints", "__pycache__")
        return sum(
            1 for p in there if not p.is_relative_to(generators) and not any(n in p.parts for n in left_out)
        )

    assert done.stdout.split() == ["_data", str(files("data")), "_notebooks", str(files("notebooks"))]


def test_an_editable_installation_copies_nothing(tmp_path):
    import zipfile

    from hatchling.builders.wheel import WheelBuilder

    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["editable"])
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if ".dist-info/" not in name] == ["_encoder_workbook.pth"]
