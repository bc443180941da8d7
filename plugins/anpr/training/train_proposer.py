#!/usr/bin/python3
"""Trains the proposer from nothing: draws scenes, learns, exports.

  train_proposer.py --work FOLDER [--out ../frames/models/proposer.onnx] [--scenes 6000] [--steps 2450] [--seed 1] [--resume]

The scenes are drawn by processes of their own into shards in the work folder and are there for the next run. One thread learns.
"""
import argparse
import copy
import multiprocessing
import os
import time

import cv2
import numpy as np
import torch

import proposer
import scenes

SHARD = 250
WIDE, TALL = 384, 256  # a sample's window in the scenes of 640x384
BATCH = 16


# ---- scenes -------------------------------------------------------------------------------------------------------------------------------
def draw_shard(job):
    """One file of scenes: grey pictures, and the lines' corners with the number of their picture and whether they are hidden."""
    path, seed, first = job
    if os.path.exists(path):
        return path
    cv2.setNumThreads(1)
    pictures, lines, owners, hidden = np.empty((SHARD, proposer.HEIGHT, proposer.WIDTH), np.uint8), [], [], []
    for k in range(SHARD):
        s = scenes.scene(seed, first + k)
        pictures[k] = s.picture
        for plates, unseen in ((s.plates, False), (s.hidden, True)):
            for corners in (c for p in plates for _, c in p.lines):
                lines.append(corners)
                owners.append(k)
                hidden.append(unseen)
    partial = path + ".part.npz"
    np.savez(partial, pictures=pictures, lines=np.array(lines, np.float32).reshape(-1, 4, 2), owners=np.array(owners, np.int32), hidden=np.array(hidden, bool))
    os.replace(partial, path)
    return path


def drawing(folder, seed, count, workers):
    """Starts the drawing; the shards appear one by one."""
    os.makedirs(folder, exist_ok=True)
    jobs = [(os.path.join(folder, "scenes-%d-%06d.npz" % (seed, first)), seed, first) for first in range(0, count, SHARD)]
    pool = multiprocessing.get_context("fork").Pool(workers)
    return pool, [job[0] for job in jobs], pool.map_async(draw_shard, jobs, chunksize=1)


class Store:
    """The scenes that are there by now; takes up new shards as they come."""

    def __init__(self, paths):
        self.waiting, self.pictures, self.lines, self.hidden = list(paths), [], [], []

    def look(self):
        for path in [p for p in self.waiting if os.path.exists(p)]:
            self.waiting.remove(path)
            shard = np.load(path)
            self.pictures += list(shard["pictures"])
            for k in range(SHARD):
                mine = shard["owners"] == k
                self.lines.append(shard["lines"][mine])
                self.hidden.append(shard["hidden"][mine])


def window(rng, picture, lines, hidden):
    """A part of a scene, larger or smaller, perhaps mirrored or with an empty margin: what the net sees once."""
    factor = np.exp(rng.uniform(np.log(0.55), np.log(1.3)))
    wide, tall = WIDE / factor, TALL / factor
    h, w = picture.shape
    if len(lines) and rng.random() < 0.8:
        at = lines[rng.integers(0, len(lines))].mean(0) + rng.uniform(-0.4, 0.4, 2) * (wide, tall)
    else:
        at = rng.uniform((0, 0), (w, h))
    spare = 0.15 if rng.random() < 0.3 else 0.0
    x = np.clip(at[0] - wide / 2, -spare * wide, max(-spare * wide, w - wide * (1 - spare)))
    y = np.clip(at[1] - tall / 2, -spare * tall, max(-spare * tall, h - tall * (1 - spare)))
    mirror = -1.0 if rng.random() < 0.3 else 1.0
    matrix = np.array([[factor * mirror, 0, -x * factor if mirror > 0 else WIDE - 1 + x * factor], [0, factor, -y * factor]])
    inside = cv2.warpAffine(np.full((h, w), 1, np.uint8), matrix, (WIDE, TALL), flags=cv2.INTER_NEAREST)
    if factor < 0.8:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.35 / factor)
    part = cv2.warpAffine(picture, matrix, (WIDE, TALL), flags=cv2.INTER_LINEAR)
    if rng.random() < 0.1:
        part = 255 - part
    seen = part[inside > 0]
    sheet = np.zeros((TALL, WIDE), np.float32)
    if seen.size:
        sheet = (part - seen.mean()) / max(float(seen.std()), proposer.CONTRAST) * inside
    moved = lines @ matrix[:, :2].T + matrix[:, 2]
    if mirror < 0:
        moved = moved[:, [1, 0, 3, 2]]
    return sheet.astype(np.float32), proposer.targets(moved, hidden, WIDE, TALL)


def batch(rng, store):
    chosen = rng.integers(0, len(store.pictures), BATCH)
    samples = [window(rng, store.pictures[i], store.lines[i], store.hidden[i]) for i in chosen]
    return torch.from_numpy(np.stack([s for s, _ in samples]))[:, None], [torch.from_numpy(np.stack([t[k] for _, t in samples])) for k in range(3)]


# ---- learning -----------------------------------------------------------------------------------------------------------------------------
def follow(mean, net, keep):
    """The running mean of the weights, which is what is exported."""
    with torch.no_grad():
        for a, b in zip(mean.state_dict().values(), net.state_dict().values()):
            a.copy_(a * keep + b * (1 - keep) if a.dtype.is_floating_point else b)


def learn(net, store, steps, seed, save, top=3e-3):
    """Learns for that many batches (a cosine over them), and calls save(mean of the weights) now and then."""
    rng = np.random.default_rng([seed, 9])
    optimiser = torch.optim.AdamW(net.parameters(), lr=top, weight_decay=1e-3)
    mean, started, shown = copy.deepcopy(net), time.monotonic(), 0.0
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = top * min(1, (step + 1) / 100) * (0.01 + 0.99 * (1 + np.cos(np.pi * step / steps)) / 2)
        x, wanted = batch(rng, store)
        error = proposer.loss(net(x), *wanted)
        optimiser.zero_grad()
        error.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        follow(mean, net, min(0.995, step / (step + 10)))
        shown += float(error)
        if step % 50 == 49:
            print("%6.1f min, step %d, %d scenes, loss %.3f" % ((time.monotonic() - started) / 60, step + 1, len(store.pictures), shown / 50), flush=True)
            shown = 0.0
            store.look()
        if step % 200 == 199:
            save(mean)
    save(mean)
    return mean


def export(net, path):
    """Writes the ONNX file and checks that OpenCV reads it as torch does."""
    net = copy.deepcopy(net).eval()
    x = torch.randn(1, 1, proposer.HEIGHT, proposer.WIDTH, generator=torch.Generator().manual_seed(1))
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    torch.onnx.export(net, x, path, opset_version=11, input_names=["picture"], output_names=["lines"])
    other = cv2.dnn.readNetFromONNX(path)
    other.setInput(x.numpy())
    apart = float(np.abs(other.forward() - net(x).detach().numpy()).max())
    if apart > 1e-3:
        raise RuntimeError("%s: OpenCV's answer is %.2g away from torch's" % (path, apart))
    return apart


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description="Trains the proposer of plate lines.")
    parser.add_argument("--work", required=True, help="the folder of scenes and checkpoints")
    parser.add_argument("--out", default=os.path.join(here, "..", "frames", "models", "proposer.onnx"))
    parser.add_argument("--scenes", type=int, default=6000)
    parser.add_argument("--steps", type=int, default=2450)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="processes that draw")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in the work folder")
    a = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(a.seed)
    pool, paths, _ = drawing(a.work, a.seed, a.scenes, a.workers)
    store, net, checkpoint = Store(paths), proposer.Proposer(), os.path.join(a.work, "proposer.pt")
    if a.resume and os.path.exists(checkpoint):
        net.load_state_dict(torch.load(checkpoint))
    while not store.pictures:
        time.sleep(1)
        store.look()
    mean = learn(net, store, a.steps, a.seed, lambda m: torch.save(m.state_dict(), checkpoint))
    pool.close()
    print("exported; OpenCV and torch differ by %.2g" % export(mean, a.out))


if __name__ == "__main__":
    main()
