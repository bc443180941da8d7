"""Write the recogniser for OpenCV's reader: ONNX of operator set 11, static shapes, and check that it reads the same there.

    export.py --checkpoint FILE.pt --out FILE.onnx [--calibrate N]
"""
import argparse
import os

import cv2
import numpy as np
import torch

import judge
import net


def write(model, path):
    """Export; raises where OpenCV reads other numbers than torch."""
    fixed = model.eval()
    torch.manual_seed(3)
    x = torch.randn(4, 1, net.HEIGHT, net.WIDTH)
    torch.onnx.export(fixed, x[:1], path, opset_version=11, input_names=["crop"], output_names=["logits"])
    reader = cv2.dnn.readNetFromONNX(path)
    worst = 0.0
    for one in x:
        reader.setInput(one[None].numpy())
        with torch.no_grad():
            want = fixed(one[None]).numpy()
        got = reader.forward()
        if got.shape != want.shape:
            raise SystemExit(f"{path}: OpenCV reads a shape of {got.shape}, not {want.shape}")
        worst = max(worst, float(np.abs(got - want).max() / max(1.0, np.abs(want).max())))
    if worst > 1e-3:
        raise SystemExit(f"{path}: OpenCV's logits are off by {worst} of their size")
    return worst


def calibrate(read, count):
    """The least temperature at which held-out readings with a confidence of 0.95 and more are wrong at most 1 %."""
    samples = judge.synthetic(count, judge.HELD_OUT + 1)
    logits = read(np.stack([picture for picture, _, _ in samples]))
    for temperature in np.arange(0.8, 3.01, 0.1):
        sure = wrong = 0
        for (_, truth, _), rows in zip(samples, logits):
            text, chance = judge.ctc.beam(rows, width=8, temperature=temperature)[0]
            if text and chance >= np.log(.95):
                sure += 1
                wrong += text != truth
        if wrong <= .01 * sure:
            break
    return float(temperature), sure / count, wrong / max(sure, 1)


def main():
    """Read the command line and export."""
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--checkpoint", required=True)
    parse.add_argument("--out", required=True)
    parse.add_argument("--calibrate", type=int, default=0, help="held-out crops to fit the temperature on; writes the .txt beside")
    given = parse.parse_args()
    torch.set_num_threads(1)
    model = net.Recogniser()
    model.load_state_dict(torch.load(given.checkpoint, map_location="cpu")["average"])
    worst = write(model.eval(), given.out)
    print(f"{given.out}: {os.path.getsize(given.out)} bytes, {sum(p.numel() for p in model.parameters())} weights, off by {worst:.1e}")
    if given.calibrate:
        temperature, sure, wrong = calibrate(judge.Checkpoint(given.checkpoint), given.calibrate)
        print(f"temperature {temperature:.1f}: sure of {100 * sure:.1f} %, of these wrong {100 * wrong:.2f} %")
        with open(os.path.splitext(given.out)[0] + ".txt", "w", encoding="ascii") as f:
            f.write(f"temperature={temperature:.1f}\n")


if __name__ == "__main__":
    main()
