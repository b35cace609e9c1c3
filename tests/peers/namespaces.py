#!/usr/bin/env python3
"""Trains by ranks that have only TCP between them: each in a network namespace of its own, with its own address and host name, as
on so many machines. Holds the files to those of as many ranks started side by side, bit for bit.

    sudo python3 tests/peers/namespaces.py build/bin/cudenza [--models alexnet,resnet34] [--ranks 2,3] [--epochs 3]

Needs root, ip (iproute2), unshare (util-linux), Open MPI's mpirun and h5py. A bridge, and mpirun itself, are in a namespace more,
so that the machine's own network is not touched. All of them are removed at the end, after a failure or Ctrl-C too. Prints a
line per model and number of ranks; exits 1 if a bit differs, or if fewer bytes than the gradients have crossed the network.
"""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from saved_files import equal, tensors

NETWORK = "10.77.0"  # of 254 addresses; it exists in the namespaces alone
AGENT = """#!/bin/sh
# What Open MPI calls in place of ssh: ADDRESS COMMAND…
name={prefix}-${{1##*.}}
shift
exec ip netns exec "$name" unshare --uts sh -c 'hostname "$0" && exec sh -c "$1"' "$name" "$*"
"""


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Machines:
    """Namespaces that a bridge joins; the first one holds the bridge. The others' addresses end in 1, 2, …"""

    def __init__(self, count, folder):
        self.prefix = f"cudenza-{os.getpid()}"
        self.hub = f"{self.prefix}-hub"
        self.addresses = [f"{NETWORK}.{i + 1}" for i in range(count)]
        self.agent = folder / "agent"
        self.agent.write_text(AGENT.format(prefix=self.prefix))
        self.agent.chmod(0o755)

    def name(self, address):
        return f"{self.prefix}-{address.rsplit('.', 1)[1]}"

    def __enter__(self):
        try:
            self.make()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def make(self):
        ip("netns", "add", self.hub)
        ip("-n", self.hub, "link", "set", "lo", "up")
        ip("-n", self.hub, "link", "add", "bridge", "type", "bridge")
        ip("-n", self.hub, "address", "add", f"{NETWORK}.254/24", "dev", "bridge")
        ip("-n", self.hub, "link", "set", "bridge", "up")
        for address in self.addresses:
            name, port = self.name(address), f"port{address.rsplit('.', 1)[1]}"
            ip("netns", "add", name)
            ip("-n", self.hub, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", self.hub, "link", "set", port, "master", "bridge", "up")
            ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                ip("-n", name, "link", "set", device, "up")

    def remove(self):
        for name in (*map(self.name, self.addresses), self.hub):  # with them go their ends of the cables, and the bridge
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)

    def launcher(self):
        return ["ip", "netns", "exec", self.hub, "mpirun", "--allow-run-as-root", "--bind-to", "none",
                "--mca", "plm_rsh_agent", str(self.agent), "--mca", "btl", "tcp,self", "--mca", "pml", "ob1",
                "--mca", "btl_tcp_if_include", f"{NETWORK}.0/24", "--mca", "oob_tcp_if_include", f"{NETWORK}.0/24",
                "--host", ",".join(f"{address}:1" for address in self.addresses), "-n", str(len(self.addresses))]

    def sent(self):
        """Bytes that each has sent so far."""
        counter = "/sys/class/net/eth0/statistics/tx_bytes"
        return [int(subprocess.check_output(["ip", "netns", "exec", self.name(address), "cat", counter]))
                for address in self.addresses]


def train(launcher, program, data, model, epochs, out):
    options = (f"--model {model} --recipe scratch --optimizer sgd --lr 1e-3 --head linear --precision fp32 --threads 1 "
               f"--deterministic --mixup 0.4 --noise --batch-size 8 --image-size 64 --sample-rate 8000 --epochs {epochs} --quiet")
    start = time.time()
    subprocess.run([*launcher, program, "train", data, "--out", out, *options.split()], check=True)
    return time.time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--models", default="alexnet,resnet34")
    parser.add_argument("--ranks", default="2,3")
    parser.add_argument("--epochs", type=int, default=3)
    a = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("namespaces.py: network namespaces are made by root alone: run it with sudo")
    for tool in ("ip", "unshare", "mpirun"):
        if not shutil.which(tool):
            sys.exit(f"namespaces.py: needs {tool}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of __exit__
    program, all_equal = a.program.resolve(), True
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        data = folder / "clips"
        subprocess.run([program, "synth", data, "--clips", "4", "--seconds", "2", "--seed", "5", "--quiet"], check=True)
        print("| network | ranks | seconds, side by side | seconds, over TCP | MB sent by each | files |")
        print("|---|---|---|---|---|---|", flush=True)
        for model in a.models.split(","):
            for count in map(int, a.ranks.split(",")):
                local, apart = folder / f"{model}-{count}-local", folder / f"{model}-{count}-apart"
                beside = f"mpirun -n {count} --oversubscribe --allow-run-as-root --bind-to none".split()
                local_seconds = train(beside, program, data, model, a.epochs, local)
                with Machines(count, folder) as machines:
                    apart_seconds = train(machines.launcher(), program, data, model, a.epochs, apart)
                    sent = machines.sent()
                same = all(equal(local / name, apart / name) for name in ("last.h5", "best.h5"))
                # Each rank sends its gradients at least once a step: (count - 1) / count of them to those who add them.
                weights = sum(len(value) for name, value in tensors(local / "best.h5").items() if name.endswith("weight"))
                crossed = min(sent) > a.epochs * weights * (count - 1) / count
                all_equal &= same and crossed
                verdict = "the same bits" if same and crossed else "DIFFER" if not same else "the same bits, but NOT BY TCP"
                megabytes = ", ".join(f"{bytes_ / 1e6:.0f}" for bytes_ in sent)
                print(f"| {model} | {count} | {local_seconds:.1f} | {apart_seconds:.1f} | {megabytes} | {verdict} |", flush=True)
    sys.exit(0 if all_equal else 1)


if __name__ == "__main__":
    main()
