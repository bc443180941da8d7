"""Crops in files of their own, made by a process beside the trainer: shard-NNNNN.npz, each the same for the same seed.

    shards.py FOLDER --seed N --count C     makes them ahead of the trainer, which names the last one it took in FOLDER/taken
"""
import argparse
import os
import time

import numpy as np

import crops
import net

SIZE = 4096                     # crops in a shard
AHEAD = 5                       # shards made ahead of the trainer
LONGEST = 10


def encode(text):
    """Class numbers of a text, padded with the blank."""
    row = np.zeros(LONGEST, np.uint8)
    row[:len(text)] = [1 + net.ALPHABET.index(c) for c in text]
    return row


def decode(row):
    """The text of padded class numbers."""
    return "".join(net.ALPHABET[c - 1] for c in row if c)


def make(seed, number, size=SIZE):
    """(pictures N x 32 x 128, targets N x LONGEST) of one shard."""
    made = [crops.crop(seed, number * size + n) for n in range(size)]
    return np.stack([picture for picture, _ in made]), np.stack([encode(text) for _, text in made])


def name(folder, number):
    """Path of a shard."""
    return os.path.join(folder, f"shard-{number:05d}.npz")


def standard(pictures):
    """Grey values as the recogniser takes them: (g - mean) / max(spread, 8), N x 1 x 32 x 128."""
    x = pictures.astype(np.float32)
    mean, spread = x.mean((1, 2), keepdims=True), x.std((1, 2), keepdims=True)
    return ((x - mean) / np.maximum(spread, 8))[:, None]


def _taken(folder):
    try:
        with open(os.path.join(folder, "taken"), encoding="ascii") as f:
            return int(f.read() or 0)
    except (OSError, ValueError):
        return 0


def take(folder, number):
    """Wait for a shard, tell the maker, drop the ones that no one reads any more."""
    while not os.path.exists(name(folder, number)):
        time.sleep(.5)
    with np.load(name(folder, number)) as held:
        pictures, targets = held["pictures"], held["targets"]
    with open(os.path.join(folder, "taken"), "w", encoding="ascii") as f:
        f.write(str(number))
    if number >= 2 and os.path.exists(name(folder, number - 2)):
        os.remove(name(folder, number - 2))
    return pictures, targets


def main():
    """Make shards until there are enough."""
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("folder")
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--first", type=int, default=0)
    parse.add_argument("--count", type=int, default=1000)
    given = parse.parse_args()
    os.makedirs(given.folder, exist_ok=True)
    for number in range(given.first, given.first + given.count):
        while number > max(_taken(given.folder), given.first) + AHEAD:
            time.sleep(.5)
        if os.path.exists(name(given.folder, number)):
            continue
        pictures, targets = make(given.seed, number)
        part = name(given.folder, number) + ".part"
        with open(part, "wb") as f:
            np.savez(f, pictures=pictures, targets=targets)
        os.rename(part, name(given.folder, number))


if __name__ == "__main__":
    main()
