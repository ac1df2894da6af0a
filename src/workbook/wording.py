"""How numbers, durations and sizes are shown to a person, everywhere alike."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A measured duration: 4 s, 1 min, 2 min 05 s, 1 h 02 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    large, small = divmod(whole, 60) if whole < 3600 else divmod(whole // 60, 60)
    units = ("min", "s") if whole < 3600 else ("h", "min")
    return f"{large} {units[0]}" + (f" {small:02} {units[1]}" if small else "")


def estimate(seconds: float) -> str:
    """An expected duration, without false precision: 15 s, 1 min, 80 s, 45 min, 20 h."""
    if seconds < 100 and round(seconds) != 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.3g} h"


def size(count: float) -> str:
    """A number of bytes: 180 MiB, 1.4 GiB."""
    return f"{count / 2**20:.0f} MiB" if count < 2**29 else f"{count / 2**30:.1f} GiB"


def number(value: float) -> str:
    """A figure: 600, 12,345, 0.8205, 97.5."""
    if isinstance(value, int) or (value.is_integer() and abs(value) >= 10):
        return f"{int(value):,}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"
