"""Batches of texts of like length, which leave little to pad."""

import numpy as np


def like_length(
    lengths: np.ndarray, batch: int, random: np.random.Generator, pool: int = 50
) -> list[np.ndarray]:
    """Row numbers in batches, all in random order. pool: batches that are sorted by length together."""
    rows, found = random.permutation(len(lengths)), []
    for start in range(0, len(rows), pool * batch):
        part = rows[start : start + pool * batch]
        part = part[np.argsort(lengths[part], kind="stable")]
        found += [part[place : place + batch] for place in range(0, len(part), batch)]
    return [found[number] for number in random.permutation(len(found))]
