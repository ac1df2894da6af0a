"""A notebook in live mode, in minutes on two cores: what is cut from it, and how it is run.

Cut are sizes, written where the notebook picks them; every code path stays. A notebook that changes under its cuts
fails its rehearsal, so that nothing is cut that is not meant.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbook.catalogue import NOTEBOOKS as CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = {path.stem[:2]: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}

PUBLISH = ("PUBLISH = lab.pick(sandbox=True, live=False)", "PUBLISH = lab.pick(sandbox=True, live=True)")
NER = 'load_dataset("klue/klue", "ner")'
FEW_NER = 'load_dataset("klue/klue", "ner", split={"train": "train[:%d]", "validation": "validation[:%d]"})'

Cuts = Sequence[tuple[str, str]]

# By notebook: text of its cells, and what stands there in the rehearsal.
CUTS: dict[str, Cuts] = {
    "00": [],
    "01": [PUBLISH],
    "02": [],
    "03": [
        PUBLISH,
        (NER, FEW_NER % (32, 24)),
        ("lab.pick(sandbox=16, live=32)", "lab.pick(sandbox=16, live=8)"),
        ("epochs=lab.pick(sandbox=1, live=3)", "epochs=lab.pick(sandbox=1, live=1)"),
        ('"epochs": lab.pick(sandbox=2, live=5)', '"epochs": lab.pick(sandbox=2, live=2)'),
        ("train_set.select(range(96))", "train_set.select(range(16))"),
        ("step=lab.pick(sandbox=9, live=5)", "step=lab.pick(sandbox=9, live=3)"),
        ("ROWS = 96", "ROWS = 16"),
    ],
    "04": [
        PUBLISH,
        ("min(10_000, len(shuffled))", "min(64, len(shuffled))"),
        ("min(1_000, len(held_out) // 2)", "min(40, len(held_out) // 2)"),
        ("train_set.select(range(160))", "train_set.select(range(16))"),
        ("training.InterruptAt(step=33)", "training.InterruptAt(step=4)"),
        ("DEBUG_STEPS = 90", "DEBUG_STEPS = 3"),
        ("25, False", "3, False"),
        ("PASSES = 9", "PASSES = 1"),
        ("BY_HEART = 60", "BY_HEART = 2"),
        ("RARE_EPOCHS = 3", "RARE_EPOCHS = 1"),
        ("rows=600", "rows=16"),
    ],
    "05": [
        ('text.replace("<br />", " ")', 'text.replace("<br />", " ")[:250]'),
        ("lab.pick(sandbox=1_000, live=25_000)", "lab.pick(sandbox=1_000, live=80)"),
        ("lab.pick(sandbox=600, live=25_000)", "lab.pick(sandbox=600, live=40)"),
        ("lab.pick(sandbox=12, live=40)", "lab.pick(sandbox=12, live=2)"),
        ("FEWEST_STEPS = 60", "FEWEST_STEPS = 3"),
        ("live=(200, 2_000)", "live=(16, 40)"),
        ("rows=120", "rows=16"),
    ],
    "06": [
        ("count=1_000", "count=96"),
        ("EPOCHS = lab.pick(sandbox=2, live=3)", "EPOCHS = lab.pick(sandbox=2, live=1)"),
        ("lab.pick(sandbox=1, live=3)", "lab.pick(sandbox=1, live=1)"),
        ("12, False", "3, False"),
        ("FEWEST_STEPS = 80", "FEWEST_STEPS = 6"),
        ("SGD_EPOCHS = 10", "SGD_EPOCHS = 1"),
        ("rows=240", "rows=16"),
    ],
    "07": [
        ("min(3_000, max(100,", "min(120, max(100,"),
        ("FIRST_PAUSE = lab.pick(sandbox=0.05, live=1.0)", "FIRST_PAUSE = lab.pick(sandbox=0.05, live=0.05)"),
    ],
    "08": [
        PUBLISH,
        ("num_train_epochs=lab.pick(sandbox=2, live=20)", "num_train_epochs=lab.pick(sandbox=2, live=1)"),
        (
            '.unique(["title", "abstract"], keep="first", maintain_order=True)',
            '.unique(["title", "abstract"], keep="first", maintain_order=True)\n    .head(150)',
        ),
        ("FOLDS = lab.pick(sandbox=3, live=5)", "FOLDS = lab.pick(sandbox=3, live=2)"),
        ("SPLITS = lab.pick(sandbox=15, live=30)", "SPLITS = lab.pick(sandbox=15, live=3)"),
        ("live=[100, 300, 900, 1_800]", "live=[40, 80]"),
        ("lab.pick(sandbox=60, live=200), lab.pick(sandbox=60, live=200)", "40, 20"),
        (
            'papers_about_datasets(f"{snapshot}/data/*.parquet")',
            'papers_about_datasets(f"{snapshot}/data/*.parquet").head(300)',
        ),
        ('"--rows", "120"', '"--rows", "40"'),
    ],
    "09": [
        (NER, FEW_NER % (64, 40)),
        ("live=[250, 1000, 4000]", "live=[40]"),
        ("lab.pick(sandbox=40, live=60)", "lab.pick(sandbox=40, live=20)"),
        ("PLAIN_EPOCHS = 12", "PLAIN_EPOCHS = 2"),
        ("lab.pick(sandbox=4, live=10), lab.pick(sandbox=150, live=600)", "lab.pick(sandbox=4, live=2), 2"),
        ("lab.pick(sandbox=2, live=5), lab.pick(sandbox=100, live=300)", "lab.pick(sandbox=2, live=1), 2"),
        ("BATCH = lab.pick(sandbox=16, live=32)", "BATCH = lab.pick(sandbox=16, live=8)"),
        ("PILOT = lab.pick(sandbox=60, live=60)", "PILOT = lab.pick(sandbox=60, live=8)"),
        ("ASKED = lab.pick(sandbox=150, live=200)", "ASKED = lab.pick(sandbox=150, live=40)"),
        ("live=(1, 16, 64, 256)", "live=(1, 8)"),
        ("seconds=0.6", "seconds=0.1"),
        ("lab.pick(sandbox=400, live=4_000)", "lab.pick(sandbox=400, live=40)"),
    ],
}


def cut(number: str, folder: Path, also: Cuts = ()) -> Path:
    """A copy of a notebook in `folder`, cut. Raises AssertionError where a cut meets no text of it."""
    notebook = json.loads(NOTEBOOKS[number].read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for old, new in (*CUTS[number], *also):
        holding = [cell for cell in cells if old in "".join(cell["source"])]
        assert holding, (
            f"{NOTEBOOKS[number].name} no longer says {old!r}: change its cut in {Path(__file__).name}"
        )
        for cell in holding:
            cell["source"] = "".join(cell["source"]).replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / NOTEBOOKS[number].name
    copy.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    return copy


# Bytes a weight takes: as float32, and with AdamW's two moments beside it in a checkpoint.
WEIGHTS, CHECKPOINT = 4, 12
PARAMETERS = {
    "03": 111e6,
    "04": 111e6,
    "05": 110e6,
    "06": 109e6,
    "08": 149e6,
    "09": 111e6,
}  # at their true size


@dataclass(frozen=True)
class Rehearsal:
    """What came of a run: `run.json`, `metrics.json`, the executed copy, the screen, the most that lay on the disk."""

    number: str
    passed: bool
    run: dict
    metrics: dict
    copy: str
    screen: str
    on_disk: Counter[str]  # checkpoints, and other folders with weights: the most at one time

    @property
    def error(self) -> str:
        """The failing cell's exception."""
        return "{name}: {message}".format(**self.run["error"])

    def value(self, figure: str):
        """A figure of metrics.json."""
        return self.metrics["figures"][figure]["value"]

    def disk_fits(self) -> bool:
        """Whether models of the true size would have fitted what the catalogue says that the notebook writes."""
        per_weight = CHECKPOINT * self.on_disk["checkpoints"] + WEIGHTS * self.on_disk["models"]
        need = PARAMETERS.get(self.number, 0) * per_weight / 2**30
        return need <= CATALOGUE[NOTEBOOKS[self.number].stem].live_disk_gib


def rehearse(number: str, folder: Path, environment: dict[str, str], also: Cuts = ()) -> Rehearsal:
    """Run a notebook, cut, with `workbook run --mode live`; results go to `folder`/outputs."""
    cut(number, folder / "notebooks", also)
    outputs = folder / "outputs"
    results = outputs / "live" / NOTEBOOKS[number].stem
    command = [sys.executable, "-m", "workbook", "run", number, "--mode", "live", "--timeout", "600"]
    most: Counter[str] = Counter()
    with tempfile.TemporaryFile() as screen:
        process = subprocess.Popen(
            [*command, "--notebooks", str(folder / "notebooks")],
            env={**environment, "WORKBOOK_OUTPUTS": str(outputs)}, stdout=screen, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            while process.poll() is None:
                most |= _weights_in(results)
                time.sleep(0.5)
        except BaseException:  # Ctrl-C: the run ends its kernel itself
            process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
            process.wait()
            raise
        screen.seek(0)
        shown = screen.read().decode(errors="replace")

    def read(name: str) -> str:
        path = results / name
        return path.read_text(encoding="utf-8") if path.is_file() else "{}"

    return Rehearsal(
        number, process.returncode == 0, json.loads(read("run.json")), json.loads(read("metrics.json")),
        read(NOTEBOOKS[number].name), shown, most,
    )  # fmt: skip


def _weights_in(results: Path) -> Counter[str]:
    names = [path.parent.name for path in results.glob("**/model.safetensors")]
    checkpoints = sum("checkpoint-" in name for name in names)
    return Counter(checkpoints=checkpoints, models=len(names) - checkpoints)


def a_persons_environment(**variables: str) -> dict[str, str]:
    """This process's environment without what it says of Hub, teacher, workbook and CI, and with `variables`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HF_", "OPENAI_", "WORKBOOK_")) and name != "CI"
    }
    return {**kept, "CUDA_VISIBLE_DEVICES": "", **variables}
