"""Train the recogniser on shards as they are made; a checkpoint every two minutes, and it can go on from one.

    train_recogniser.py --shards FOLDER --run FOLDER [--samples N] [--minutes M] [--resume]
"""
import argparse
import copy
import math
import os
import time

import numpy as np
import torch

import net
import shards

BATCH = 64


def fast_cpu():
    """True where the CPU multiplies bfloat16, which makes training four times as fast."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
            return "avx512_bf16" in f.read()
    except OSError:
        return False


class Trainer:
    """A net, its running average and its optimiser."""

    def __init__(self, seed=1, top=2.5e-3):
        torch.manual_seed(seed)
        self.model = net.Recogniser()
        self.average = copy.deepcopy(self.model).eval()
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=top, weight_decay=2e-3)
        self.loss = torch.nn.CTCLoss(zero_infinity=True)
        self.top, self.step, self.shard, self.progress = top, 0, 0, 0.0
        self.short = fast_cpu()
        self.model = self.model.to(memory_format=torch.channels_last)

    def rate(self):
        """Learning rate: a short rise, then a cosine to nearly nothing."""
        rise = min(1.0, (self.step + 1) / 400)
        return self.top * rise * (0.004 + 0.996 * (1 + math.cos(math.pi * min(self.progress, 1))) / 2)

    def learn(self, pictures, targets):
        """One step on a batch of uint8 pictures and padded targets; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        x = torch.from_numpy(shards.standard(pictures)).contiguous(memory_format=torch.channels_last)
        y = torch.from_numpy(targets.astype(np.int64))
        lengths = (y > 0).sum(1)
        self.model.train()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.short):
            out = self.model(x)
        out = out.float().log_softmax(2).permute(1, 0, 2)
        loss = self.loss(out, y[y > 0], torch.full((len(y),), net.STEPS), lengths)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        return float(loss)

    def _follow(self):
        keep = min(0.9985, 1 - 1 / (1 + self.step / 8))
        with torch.no_grad():
            for a, b in zip(self.average.state_dict().values(), self.model.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.mul_(keep).add_(b, alpha=1 - keep)
                else:
                    a.copy_(b)

    def save(self, path):
        """Write a checkpoint in one go."""
        torch.save({"model": self.model.state_dict(), "average": self.average.state_dict(), "optimiser": self.optimiser.state_dict(),
                    "step": self.step, "shard": self.shard, "progress": self.progress}, path + ".part")
        os.rename(path + ".part", path)

    def load(self, path):
        """Go on from a checkpoint."""
        held = torch.load(path, map_location="cpu")
        self.model.load_state_dict(held["model"])
        self.average.load_state_dict(held["average"])
        self.optimiser.load_state_dict(held["optimiser"])
        self.step, self.shard, self.progress = held["step"], held["shard"], held["progress"]


def run(trainer, given):
    """Train to the end of the samples or of the minutes; each shard is learnt from twice, beside its neighbours."""
    began, start, saved, seen = time.time(), trainer.progress, time.time(), 0
    path = os.path.join(given.run, "checkpoint.pt")
    old = None
    while trainer.progress < 1:
        new = shards.take(given.shards, trainer.shard)
        both = new if old is None else tuple(np.concatenate(pair) for pair in zip(old, new))
        order = np.random.default_rng([given.seed, trainer.shard]).permutation(len(both[0]))
        total, count, clock = 0.0, 0, time.time()
        for at in range(0, len(order) - BATCH + 1, BATCH):
            pick = order[at:at + BATCH]
            total += trainer.learn(both[0][pick], both[1][pick])
            count += 1
            seen += BATCH
            share = seen / given.samples
            if given.minutes:
                share = max(share, (time.time() - began) / 60 / given.minutes)
            trainer.progress = start + (1 - start) * min(share, 1)
            if trainer.progress >= 1:
                break
        print(f"{time.strftime('%H:%M:%S')} shard {trainer.shard} step {trainer.step} progress {trainer.progress:.3f} rate {trainer.rate():.5f} "
              f"loss {total / max(count, 1):.4f} at {count * BATCH / (time.time() - clock):.0f}/s", flush=True)
        old, trainer.shard = new, trainer.shard + 1
        if time.time() - saved > 120 or trainer.progress >= 1:
            trainer.save(path)
            saved = time.time()


def main():
    """Read the command line and train."""
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--shards", required=True)
    parse.add_argument("--run", required=True)
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--samples", type=int, default=1_500_000, help="crops to learn from, repeats counted")
    parse.add_argument("--minutes", type=float, default=0, help="end by then, however many samples that was")
    parse.add_argument("--progress", type=float, default=-1, help="with --resume: where on the schedule to go on")
    parse.add_argument("--resume", action="store_true")
    given = parse.parse_args()
    torch.set_num_threads(1)
    os.makedirs(given.run, exist_ok=True)
    trainer = Trainer(given.seed)
    if given.resume:
        trainer.load(os.path.join(given.run, "checkpoint.pt"))
        if given.progress >= 0:
            trainer.progress = given.progress
    run(trainer, given)


if __name__ == "__main__":
    main()
