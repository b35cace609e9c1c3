"""What a step asks of cuDNN, and which engine cuDNN takes for it on a card, asked without one (`cudnn_plans --ask`).

A text is "x[256,56,56,64] w[64,3,3,64] stride 1 pad 1"; a use is one of FUNCTIONS.
"""
import json
import re
import subprocess

FUNCTIONS = {"forward": "forward", "forward with bias": "forward", "forward with sums": "forward_stats",
             "backward data": "backward_data", "backward weights": "backward_weights"}


def parts(shape):
    """n, h, w, c, k, r, s, stride, pad of a convolution's text."""
    numbers = [[int(n) for n in group.split(",")] for group in re.findall(r"\[([\d,]+)\]", shape)]
    (n, h, w, c), (k, r, s, _) = numbers
    stride, pad = (int(re.search(f"{word} (\\d+)", shape)[1]) for word in ("stride", "pad"))
    return {"n": n, "h": h, "w": w, "c": c, "k": k, "r": r, "s": s, "stride": stride, "pad": pad}


def sizes(shape):
    """x, w, y in elements and FLOP."""
    p = parts(shape)
    out = [(extent + 2 * p["pad"] - kernel) // p["stride"] + 1 for extent, kernel in ((p["h"], p["r"]), (p["w"], p["s"]))]
    filters = p["k"] * p["r"] * p["s"] * p["c"]
    y = p["n"] * out[0] * out[1] * p["k"]
    return p["n"] * p["h"] * p["w"] * p["c"], filters, y, 2.0 * y * filters / p["k"]


def bytes_of(shape, use):
    """Of the operands, 16 bit: each once; a forward pass with bias reads a residual, too."""
    x, w, y, _ = sizes(shape)
    return 2 * (x + w + (2 * y if use == "forward with bias" else y))


class Plans:
    """cuDNN's answers. `calls`: (use, text, whether a residual is added)."""

    def __init__(self, program, calls):
        calls = sorted(set(calls))
        asked = [{"function": FUNCTIONS[use], "bias": use == "forward with bias", "residual": residual, **parts(shape)}
                 for use, shape, residual in calls]
        told = subprocess.run([program, "--ask"], input=json.dumps(asked), check=True, capture_output=True, text=True).stdout
        self.of = dict(zip(calls, json.loads(told)))

    def engine(self, sm, call):
        """{"engine", "workspace_bytes"}; None where cuDNN has none for this card."""
        return self.of[call][str(sm)]

    def workspace_traffic(self, sm, call):
        """Bytes written to the workspace and read from there again: copies in another layout, and partial sums."""
        plan = self.engine(sm, call)
        return 2 * plan["workspace_bytes"] if plan else 0
