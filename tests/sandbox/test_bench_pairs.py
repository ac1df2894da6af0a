"""bench: pairs from end to end, on the miniature data and against a teacher of this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # bench is run from the clone, not installed


def test_a_pair_from_end_to_end(tmp_path):
    """Real trainings of a miniature, padded to 512 and not: the row is printed and kept."""
    command = [sys.executable, "-m", "bench", "ynat", "--quick", "--size", "miniature", "--data", "data"]
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(tmp_path), "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert "ynat" in done.stdout and "goal 20×" in done.stdout
    (kept,) = json.loads((tmp_path / "bench" / "ynat.json").read_text(encoding="utf-8"))
    assert kept["quick"] and kept["size"] == "miniature" and kept["data"] == "miniature data"
    assert all(len(way["seconds"]) == 3 for way in kept["ways"].values())
    assert kept["ratio"] > 2, "nothing that pads to 512 is near"
    assert kept["real_token_share"]["ours"] > 0.96 > 0.2 > kept["real_token_share"]["tutorial"]


def test_labelling_from_end_to_end():
    from bench import labelling

    figures = labelling.speed(40, repetitions=1, latency=0.3)  # long against what a busy machine adds
    assert figures["ratio"] > 1.5 and figures["ways"]["tutorial"]["median"] >= 40 / 5 * 0.3
    (shares,) = figures["each"].values()
    assert 0.02 < shares["ours"] <= 1
