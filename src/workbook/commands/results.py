"""What a run leaves in the outputs (`run.json`, `metrics.json`, the executed copy), and how the report reads it.

Any of these may be cut off or edited by hand. A field of the wrong type takes its default; a file that cannot be read
at all is named in `Result.unreadable`.
"""

from __future__ import annotations

import json
import re
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AllowInfNan,
    BeforeValidator,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
    field_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticUseDefault

from workbook.catalogue import MODES, NOTEBOOKS

Number = Annotated[float, Strict(), AllowInfNan(False)]
_PNG = re.compile(
    r"iVBORw0KGgo[A-Za-z0-9+/=\s]+"
)  # base64 of a PNG's first bytes, and nothing but base64 after them


def _joined(text: Any) -> Any:
    """A text of a notebook file, which is one string or a list of strings."""
    return "".join(map(str, text)) if isinstance(text, list) else text


@dataclass
class _Output:
    data: dict[str, Annotated[Any, BeforeValidator(_joined)]] = field(default_factory=dict)


@dataclass
class _Cell:
    cell_type: str
    source: Annotated[str, BeforeValidator(_joined)]
    outputs: list[_Output] = field(default_factory=list)


@dataclass
class _Copy:
    """What the report needs of an executed copy."""

    cells: list[_Cell] = field(default_factory=list)


@dataclass
class _Lenient:
    """A field whose value is of the wrong type takes its default."""

    @field_validator("*", mode="wrap")
    @classmethod
    def _fits_or_default(cls, value: Any, validate: Any) -> Any:
        try:
            return validate(value)
        except ValidationError:
            raise PydanticUseDefault from None


@dataclass
class Failure(_Lenient):
    """What ended a notebook. `cell` is Jupyter's `In [n]`; `source` holds the cell's first lines."""

    cell: int | None = None
    source: list[str] = field(default_factory=list)
    name: str = ""
    message: str = ""


@dataclass
class Run(_Lenient):
    """One execution of one notebook, as `run.json` holds it."""

    notebook: str = ""
    mode: str = ""
    results: str = ""  # the folder its metrics are in: another one where two kernels run the same notebook
    status: str = "running"  # then passed | failed | interrupted
    started: str = ""
    seconds: Number = 0.0
    peak_memory_bytes: Annotated[int, Field(lt=2**63)] = 0
    cells: int = 0
    cells_done: int = 0
    cell_seconds: list[float] = field(default_factory=list)  # of each cell that ran, in order
    error: Failure | None = None
    overlays: list[str] = field(default_factory=list)  # names of the folders served over the workbook's data
    mirror: bool = False  # whether a mirror on this machine served them, in place of the Hub
    system: str = ""
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.status == "passed"


@dataclass
class Figure(_Lenient):
    """A recorded figure. `value` is JSON of any shape; `band` and `published` are those of `lab.expect`."""

    value: Any = None
    band: tuple[Number, Number] | None = None
    published: str = ""

    @property
    def judged(self) -> bool:
        return self.band is not None or bool(self.published)

    @property
    def inside(self) -> bool:
        return self.band is None or (is_number(self.value) and self.band[0] <= self.value <= self.band[1])


def _with_value(entry: Any) -> Any:
    return entry if isinstance(entry, dict) and "value" in entry else {"value": entry}


@dataclass
class Result(Run):
    """What one folder of the outputs holds: `run.json` and `metrics.json` in one, and the executed copy."""

    status: str = "by hand"  # where there is no run.json; "unreadable" where it cannot be read
    data: list[str] = field(default_factory=list)  # the overlays' names, as Lab writes them
    models: str = ""  # which are real and which miniatures
    time: str = ""
    device: str = ""
    figures: dict[str, Annotated[Figure, BeforeValidator(_with_value)]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)  # names of files
    copy: str = ""  # the executed copy's path, from the outputs
    pictures: list[tuple[str, str]] = field(default_factory=list)  # heading, PNG in base64

    @property
    def title(self) -> str:
        return NOTEBOOKS[self.notebook].title if self.notebook in NOTEBOOKS else self.notebook

    @property
    def headline(self) -> str:
        """The name of the figure that stands for the notebook: the catalogue's, else the last that was judged."""
        named = NOTEBOOKS[self.notebook].headline if self.notebook in NOTEBOOKS else ""
        judged = [name for name, figure in self.figures.items() if figure.judged]
        return named if named in self.figures else (judged or [""])[-1]


def gather(outputs: Path) -> list[Result]:
    """The results under `outputs/<mode>/<folder>/`, in the order of the notebooks; live before sandbox."""
    folders = [(mode, folder) for mode in MODES for folder in sorted((outputs / mode).glob("*/"))]
    results = [_result(folder, mode) for mode, folder in folders]
    return sorted(filter(None, results), key=lambda result: (result.notebook, result.mode))


def _result(folder: Path, mode: str) -> Result | None:
    unreadable: list[str] = []

    def read(path: Path, kind: Any) -> Any:
        try:
            return TypeAdapter(kind).validate_python(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError):  # cut off, nested too deep, of another shape
            unreadable.append(path.name)
        return kind()

    metrics, run = read(folder / "metrics.json", dict), read(folder / "run.json", dict)
    if not (metrics or run or unreadable):
        return None
    result = TypeAdapter(Result).validate_python({**metrics, **run, "mode": mode})
    result.notebook = result.notebook or folder.name
    if unreadable and not run:
        result.status = "unreadable"
    copy = min(folder.glob("*.ipynb"), default=None)
    result.copy = copy.relative_to(folder.parents[1]).as_posix() if copy else ""
    result.pictures = _pictures(read(copy, _Copy)) if copy else []
    result.unreadable = unreadable
    return result


def _pictures(notebook: _Copy) -> list[tuple[str, str]]:
    """The PNG outputs in base64, each under the heading above it."""
    pictures, heading = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"(?ms)^```.*?^```", "", cell.source)
            heading = [heading, *re.findall(r"^#{1,6}\s+(.+?)\s*$", text, re.M)][-1]
        for output in cell.outputs:
            png = output.data.get("image/png", "")
            if isinstance(png, str) and _PNG.fullmatch(png.strip()):
                pictures.append((re.sub(r"[`*]", "", heading), png.strip()))
    return pictures


def is_number(value: Any) -> bool:
    """Whether `value` is a number that can be drawn: finite, and no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
