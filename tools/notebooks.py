"""Keeps the notebooks in step with the project, executes them, and checks that they are fit to publish.

    python tools/notebooks.py sync [--check]
    python tools/notebooks.py refresh [NN…]
    python tools/notebooks.py check [FILE…]

sync writes what many files take from one place:
  * the Colab badge below the title of every notebook, from [project.urls] Repository;
  * the install cell, second in every notebook, from the same;
  * the table of notebooks between the markers in README.md, from workbook.catalogue.
  With --check it writes nothing: it lists what is out of step and exits with 1.

refresh executes notebooks in the sandbox, from a clean results folder, and saves them in place: cells counted 1 to n,
without progress bars, widgets, timestamps and tracebacks. A notebook that fails, or whose outputs `check` would
refuse, is not saved. Cell ids stay as they are.

check reports everything that is wrong before it exits. It wants of each notebook:
  valid        nbformat 4.5, each cell with an id of its own
  small        less than 2 MB
  metadata     kernelspec python3 and the language's name, no more; cells carry tags only
  start        the first code cell after the install cell calls workbook.start("<its own name>") before it imports
               any client of the Hub
  executed     every code cell has run, in order, counted 1 to n; no cell is empty
  errors       an error output exactly where a cell is tagged raises-exception
  quiet        nothing on stderr, no progress bar, no widget
  private      no absolute path or memory address in an output, no token anywhere
  modes        no branch on the mode: lab.pick(sandbox=…, live=…) keeps both values in sight
  compared     at least one cell for nbval to compare (tag nbval-check-output, or the comment NBVAL_CHECK_OUTPUT),
               and each of those has an output
  exercises    as many cells tagged check, and as many tagged solution, as cells tagged stub
  ends         the last heading says what is next
  ruff         `ruff check` and `ruff format --check` pass

Exit codes: 0 fine, 1 something is wrong (it is listed), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from workbook import paths
from workbook.catalogue import NOTEBOOKS
from workbook.commands import run as runner
from workbook.commands.cleaning import KERNELSPEC, WIDGET_VIEW, clean
from workbook.errors import WorkbookError

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
BRANCH = "main"
MAX_BYTES = 2_000_000
CLIENTS = {"transformers", "datasets", "huggingface_hub", "evaluate"}
TABLE_BEGIN, TABLE_END = "<!-- notebooks:begin -->", "<!-- notebooks:end -->"

_BADGE = re.compile(
    r"^\[!\[[^\]]*\]\(https://colab\.research\.google\.com/assets/colab-badge\.svg\)\].*$", re.M
)
_TOKEN = re.compile(
    r"\bhf_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{20,}|\bgh[oprsu]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}"
)
_PATH = re.compile(
    r"""(?<![\w./:~-])/(?:home|root|Users|tmp|var|private|opt|usr|mnt|work|workspace|content|builds|data)/[\w.-]+"""
    r"""|(?<![\w])[A-Za-z]:\\{1,2}(?:Users|Windows|Program|[\w.-]+\\)"""
)
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,}")


# --- sync -------------------------------------------------------------------------------------------


def repository() -> str:
    """The repository's address, from [project.urls]."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"].rstrip("/")


def badge(name: str, url: str) -> str:
    """The line of markdown that opens the notebook `name` in Colab."""
    place = url.removeprefix("https://github.com/")
    return (
        "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"(https://colab.research.google.com/github/{place}/blob/{BRANCH}/notebooks/{name}.ipynb)"
    )


def install_source(url: str) -> str:
    """The install cell, for Colab and the like. Where `workbook` is installed it does nothing."""
    return (
        "# Only where it is not installed yet, as in Colab:\n"
        "import importlib.util\n\n"
        'if importlib.util.find_spec("workbook") is None:\n'
        f'    %pip install --quiet "encoder-workbook @ git+{url}"'
    )


def synced(notebook: Any, name: str, url: str) -> Any:
    """The notebook with badge and install cell in their places. Changes it in place."""
    cells = notebook.cells
    line = badge(name, url)
    if not cells or cells[0].cell_type != "markdown":
        title = NOTEBOOKS[name].title if name in NOTEBOOKS else name
        cells.insert(0, nbformat.v4.new_markdown_cell(f"# {title}", id="title"))
    source = re.sub(r"\n{3,}", "\n\n", _BADGE.sub("", cells[0].source)).strip()
    heading, _, rest = source.partition("\n")
    if not heading.startswith("#"):
        heading, rest = f"# {name}", source
    cells[0].source = f"{heading}\n\n{line}" + (f"\n\n{rest.strip()}" if rest.strip() else "")

    at = next((n for n, cell in enumerate(cells) if is_install(cell)), None)
    cell = cells.pop(at) if at is not None else nbformat.v4.new_code_cell(id="install")
    if cell.source != install_source(url):
        cell.source, cell.outputs = install_source(url), []
    cell.id = "install"
    cells.insert(1, cell)
    return notebook


def is_install(cell: Any) -> bool:
    """Whether a cell is the install cell, in this form or an earlier one."""
    return cell.cell_type == "code" and (cell.get("id") == "install" or "pip install" in cell.source)


def readme_table() -> str:
    """The table of notebooks in README.md."""
    rows = [
        "| notebook | what it is about | sandbox, 2 cores | live, one GPU (estimated) |",
        "|---|---|---|---|",
    ]
    for entry in NOTEBOOKS.values():
        rows.append(
            f"| [{entry.name}](notebooks/{entry.name}.ipynb) | **{entry.title}**: {entry.about} | "
            f"{entry.takes('sandbox')}, {entry.sandbox_gib:g} GiB | {entry.takes('live')} |"
        )
    return "\n".join(rows)


def synced_readme(text: str) -> str:
    """README.md with the table between its markers. Raises WorkbookError unless each marker is there once."""
    if (
        text.count(TABLE_BEGIN) != 1
        or text.count(TABLE_END) != 1
        or text.index(TABLE_BEGIN) > text.index(TABLE_END)
    ):
        raise WorkbookError(
            f"README.md needs the markers {TABLE_BEGIN} and {TABLE_END}, once each and in this order: "
            "the table of notebooks goes between them."
        )
    before, rest = text.split(TABLE_BEGIN)
    after = rest.split(TABLE_END)[1]
    return f"{before}{TABLE_BEGIN}\n{readme_table()}\n{TABLE_END}{after}"


def sync(folder: Path, readme: Path, *, check_only: bool) -> list[str]:
    """Bring notebooks and README in step. Returns what was out of step (and, with `check_only`, still is)."""
    url = repository()
    behind: list[str] = []
    for path in runner.select(folder):
        old = path.read_text(encoding="utf-8")
        try:
            new = nbformat.writes(synced(nbformat.reads(old, as_version=4), path.stem, url)) + "\n"
        except Exception as error:
            behind.append(f"{_shown(path)}: cannot be read as a notebook ({error})")
            continue
        if json.loads(old) != json.loads(new):
            behind.append(f"{_shown(path)}: badge or install cell out of step with [project.urls]")
            if not check_only:
                paths.write_text(path, new)
    try:
        old = readme.read_text(encoding="utf-8")
        new = synced_readme(old)
        if old != new:
            behind.append(f"{_shown(readme)}: table of notebooks out of step with workbook.catalogue")
            if not check_only:
                paths.write_text(readme, new)
    except (OSError, WorkbookError) as error:
        behind.append(f"{_shown(readme)}: {error}")
    return behind


# --- refresh ----------------------------------------------------------------------------------------


def refresh(paths_: Sequence[Path], outputs: Path, out: Any = sys.stdout) -> list[str]:
    """Execute the notebooks in the sandbox and save those that are fit; returns the errors of the others."""
    errors: list[str] = []
    environment = runner.kernel_environment("sandbox", outputs)
    environment.pop("WORKBOOK_HUB_ROOTS", None)  # what is saved are the miniatures' outputs
    environment["WORKBOOK_STRICT"] = "1"  # a figure outside of its band stops the notebook
    screen = runner.Screen(out, len(paths_), max((len(path.stem) for path in paths_), default=0))
    _remove(outputs / "sandbox" / "hub")
    for number, path in enumerate(paths_, 1):
        _remove(outputs / "sandbox" / path.stem)
        screen.begins(number, path.stem)
        notebook, run = runner.execute(path, "sandbox", environment, watch=screen.watch)
        screen.ended(run, runner.save(notebook, run, outputs / "sandbox" / path.stem))
        if run.status == "interrupted":
            errors.append(f"{_shown(path)}: interrupted; not saved")
            break
        if not run.passed:
            errors.append(f"{_shown(path)}: failed in cell [{run.error and run.error.cell}]; not saved")
            continue
        finished(notebook)
        found = list(check_outputs(notebook))
        errors += [f"{_shown(path)}: {error}; not saved" for error in found]
        if not found:
            paths.write_text(path, nbformat.writes(notebook) + "\n")
    return errors


def finished(notebook: Any) -> Any:
    """An executed notebook as it is saved: cells counted 1 to n, errors without their tracebacks. In place."""
    clean(notebook)
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            elif output.output_type == "error":
                # The frames name folders of this machine, and what the reader needs is the last line.
                output.traceback = [f"{output.ename}: {output.evalue}"]
    return notebook


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


# --- check ------------------------------------------------------------------------------------------


def check(files: Sequence[Path]) -> list[str]:
    """Everything that is wrong with these notebooks; each line names the file and, where there is one, the cell."""
    errors: list[str] = []
    for path in files:
        errors += [f"{_shown(path)}: {error}" for error in check_notebook(path)]
    return errors + check_ruff(files)


def check_notebook(path: Path) -> Iterator[str]:
    """What is wrong with one notebook, ruff's part aside."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        yield f"has {size / 1e6:.1f} MB; at most {MAX_BYTES / 1e6:g} (use smaller figures, shorter outputs)"
    try:
        text = path.read_text(encoding="utf-8")
        with warnings.catch_warnings(action="ignore"):  # ids are looked at below
            nbformat.validate(json.loads(text))
        notebook = nbformat.v4.reads_json(text)
    except Exception as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        yield f"is not a valid notebook: {message}"
        return
    if (notebook.nbformat, notebook.nbformat_minor) < (4, 5):
        yield f"is nbformat {notebook.nbformat}.{notebook.nbformat_minor}; save it as 4.5, whose cells have ids"
    ids = [cell.get("id") for cell in notebook.cells]
    for number, cell in enumerate(notebook.cells, 1):
        if cell.get("id") is None or ids.index(cell.id) < number - 1:
            yield f"cell {number}: has no id of its own"
    yield from check_metadata(notebook)
    yield from check_start(notebook, path.stem)
    yield from check_executed(notebook)
    yield from check_outputs(notebook)
    yield from check_sources(notebook)
    yield from check_exercises(notebook)
    yield from check_end(notebook)


def check_metadata(notebook: Any) -> Iterator[str]:
    """Only metadata that stay the same from run to run and in every notebook."""
    if dict(notebook.metadata.get("kernelspec", {})) != KERNELSPEC:
        yield "its kernelspec is not python3, “Python 3” (refresh writes it)"
    if extra := set(notebook.metadata) - {"kernelspec", "language_info"}:
        yield f"has metadata that belong to one run or one editor: {', '.join(sorted(extra))}"
    if dict(notebook.metadata.get("language_info", {})) != {"name": "python"}:
        yield "its language_info names more than the language"
    for number, cell in enumerate(notebook.cells, 1):
        if extra := set(cell.metadata) - {"tags"}:
            yield f"cell {number}: metadata other than tags: {', '.join(sorted(extra))}"


def check_start(notebook: Any, name: str) -> Iterator[str]:
    """workbook.start(own name), before any client of the Hub is imported."""
    cells = [(n, cell) for n, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    if not cells or not is_install(cells[0][1]):
        yield "has no install cell before its other code (sync writes it)"
    cells = [(n, cell) for n, cell in cells if not is_install(cell)]
    if not cells:
        yield "has no code"
        return
    number, cell = cells[0]
    for statement in _parse(cell.source).body:
        if imported := sorted(_imports(statement) & CLIENTS):
            yield f"cell {number}: imports {', '.join(imported)} before workbook.start()"
        started = [
            node for node in ast.walk(statement) if isinstance(node, ast.Call) and _is_start(node.func)
        ]
        if started:
            named = started[0].args[0] if started[0].args else None
            if not (isinstance(named, ast.Constant) and named.value == name):
                yield f'cell {number}: starts another notebook; it must call workbook.start("{name}")'
            return
    yield f'cell {number}: the first code cell after the install cell must call workbook.start("{name}")'


def check_executed(notebook: Any) -> Iterator[str]:
    """Run once, from top to bottom."""
    count = 0
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        count += 1
        if not cell.source.strip():
            yield f"cell {number}: is empty"
        elif cell.execution_count is None:
            yield f"cell {number}: has not run"
        elif cell.execution_count != count:
            yield f"cell {number}: ran as [{cell.execution_count}], out of order: should be [{count}]"
        for output in cell.outputs:
            if output.output_type == "execute_result" and output.execution_count != cell.execution_count:
                yield f"cell {number}: its result is counted [{output.execution_count}], the cell [{cell.execution_count}]"


def check_outputs(notebook: Any) -> Iterator[str]:
    """Quiet, private, and no error that is not meant."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        meant = "raises-exception" in cell.metadata.get("tags", [])
        failed = [output for output in cell.outputs if output.output_type == "error"]
        if failed and not meant:
            yield f"cell {number}: ends in {failed[0].ename} (if that is meant, tag it raises-exception)"
        if meant and not failed and cell.execution_count is not None:
            yield f"cell {number}: is tagged raises-exception but raises nothing"
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                first = (output.text.strip().splitlines() or [""])[0]
                yield f"cell {number}: writes to stderr: {first[:80]}"
            data = output.get("data", {})
            if WIDGET_VIEW in data:
                yield f"cell {number}: shows a widget, which a saved notebook cannot"
            if "<progress" in "".join(data.get("text/html", "")):
                yield f"cell {number}: shows a progress bar"
            text = _text(output)
            for pattern, what in ((_PATH, "an absolute path"), (_ADDRESS, "a memory address")):
                if found := pattern.search(text):
                    yield f"cell {number}: shows {what}: {found.group()}"
            if found := _TOKEN.search(text):
                yield f"cell {number}: shows a token: {found.group()[:6]}…"


def check_sources(notebook: Any) -> Iterator[str]:
    """No branch on the mode, no token; something for nbval to compare."""
    compared = 0
    for number, cell in enumerate(notebook.cells, 1):
        if found := _TOKEN.search(cell.source):
            yield f"cell {number}: holds a token: {found.group()[:6]}…"
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if _is_compared(cell):
            compared += 1
            if not cell.outputs:
                yield f"cell {number}: is to be compared by nbval but has no output"
        try:
            tree = _parse(cell.source)
        except SyntaxError as error:
            if "raises-exception" not in cell.metadata.get("tags", []):
                yield f"cell {number}: cannot be parsed: {error.msg}"
            continue
        for line in sorted({test.lineno for test in _tests(tree) if _asks_mode(test)}):
            yield f"cell {number}: branches on the mode in line {line}; use lab.pick(sandbox=…, live=…)"
    if not compared:
        yield "has no cell for nbval to compare (tag nbval-check-output)"


def check_exercises(notebook: Any) -> Iterator[str]:
    """A cell to write in, one that checks what was written, and a solution that is executed."""
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    if len(numbers := {tags.count(tag) for tag in ("stub", "check", "solution")}) > 1:
        yield f"has exercises without all of stub, check and solution: {sorted(numbers)} cells have these tags"


def check_end(notebook: Any) -> Iterator[str]:
    """A title first, and at the end what is next."""
    headings = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            headings += re.findall(r"^#{1,6}\s+.+$", re.sub(r"(?ms)^```.*?^```", "", cell.source), re.M)
    if not headings or not headings[0].startswith("# "):
        yield "does not begin with a title (# …)"
    if not headings or not re.search(r"\bnext\b", headings[-1], re.I):
        yield "its last heading does not say what is next (## Next)"


def check_ruff(files: Sequence[Path]) -> list[str]:
    """What ruff finds in them, with the settings of pyproject.toml."""
    files = [path for path in files if _is_json(path)]
    errors = []
    if files:
        lint = _ruff("check", "--output-format=json", *files)
        for found in json.loads(lint.stdout or "[]"):
            where = f"{_shown(Path(found['filename']))}: cell {found.get('cell')}"
            errors.append(f"{where}: ruff {found.get('code') or 'syntax'}: {found['message']}")
        for path in files:  # one by one: exit codes are the same in all versions of ruff, the wording is not
            if _ruff("format", "--check", path).returncode == 1:
                errors.append(f"{_shown(path)}: not formatted: python -m ruff format {_shown(path)}")
    return errors


def _ruff(command: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
    options = ["--no-cache", "--no-force-exclude", "--config", ROOT / "pyproject.toml"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", command, *map(str, [*options, *arguments])],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if "No module named ruff" in done.stderr:
        raise WorkbookError(
            "ruff is not installed. Install the tested version: python -m pip install -c constraints.txt ruff"
        )
    return done


def _is_compared(cell: Any) -> bool:
    return "nbval-check-output" in cell.metadata.get("tags", []) or bool(
        re.search(r"^\s*#\s*NBVAL_CHECK_OUTPUT\b", cell.source, re.M)
    )


def _parse(source: str) -> ast.Module:
    """A cell's code, with magics turned into calls as IPython does."""
    return ast.parse(TransformerManager().transform_cell(source))


def _imports(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def _is_start(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return (
            function.attr == "start"
            and isinstance(function.value, ast.Name)
            and function.value.id == "workbook"
        )
    return isinstance(function, ast.Name) and function.id == "start"


def _tests(tree: ast.AST) -> Iterator[ast.expr]:
    """Every expression on which the code branches."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If | ast.IfExp | ast.While | ast.Assert):
            yield node.test
        elif isinstance(node, ast.Match):
            yield node.subject
        elif isinstance(node, ast.comprehension):
            yield from node.ifs
        elif isinstance(node, ast.BoolOp):
            yield from node.values
        elif isinstance(node, ast.Subscript):  # {"sandbox": 3, "live": 5}[lab.mode]
            yield node.slice


def _asks_mode(test: ast.expr) -> bool:
    for node in ast.walk(test):
        if isinstance(node, ast.Attribute) and node.attr in (
            "mode",
            "is_sandbox",
            "is_live",
            "sandbox",
            "live",
        ):
            return True
        if isinstance(node, ast.Name) and node.id in ("sandbox", "live", "mode", "SANDBOX", "LIVE", "MODE"):
            return True
        if isinstance(node, ast.Constant) and node.value in ("sandbox", "live", "WORKBOOK_MODE"):
            return True
    return False


def _text(output: Any) -> str:
    """The readable text of an output, without pictures."""
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return "\n".join([output.evalue, *output.traceback])
    parts: Iterable[Any] = (value for mime, value in output.data.items() if not mime.startswith("image/png"))
    return "\n".join(part if isinstance(part, str) else json.dumps(part) for part in parts)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _shown(path: Path) -> str:
    path = path.absolute()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


# --- command ----------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the top of this file."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("sync", help="badge, install cell, README's table")
    command.add_argument("--check", action="store_true", help="write nothing, list what is out of step")
    command = commands.add_parser("refresh", help="execute in the sandbox and save clean")
    command.add_argument("notebooks", nargs="*", metavar="NN")
    command = commands.add_parser("check", help="hygiene")
    command.add_argument("files", nargs="*", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        if options.command == "sync":
            errors = sync(FOLDER, ROOT / "README.md", check_only=options.check)
            if not options.check:
                for line in errors:
                    print(f"written: {line}")
                return 0
        elif options.command == "refresh":
            errors = refresh(runner.select(FOLDER, options.notebooks), paths.outputs_root())
        else:
            errors = check(options.files or runner.select(FOLDER))
    except WorkbookError as error:
        errors = [str(error)]
    for line in errors:
        print(line, file=sys.stderr)
    if errors:
        print(f"\n{len(errors)} to fix.", file=sys.stderr)
    else:
        print(f"notebooks {options.command}: OK")
    return 1 if errors else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUTF8", "1")
    sys.exit(main())
