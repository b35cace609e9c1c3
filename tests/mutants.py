#!/usr/bin/env python3
"""How many small faults in kernels the tests notice: kernels are changed in one place each, built for the host alone, and tested.

    python3 tests/mutants.py [--build build] [--of WORD] [--count 100] [--seed 1] [--jobs 2] [--out mutants.json]

A mutant is one change in a .cu file below kernels/ (those with WORD in their path): a bound, an operator, a constant, a barrier
or a mask. It is compiled with cudenza_simt's flags and linked in front of that library; then the SIMT tests that run a kernel of
its file run, the shortest first, until one fails. If none does, it is compiled with tracing and the traced tests run: races,
reads of what nothing wrote. A mutant that does not compile does not count; one that takes ten times as long as the tests is
noticed, too.
Needs a build folder with cudenza_simt_tests and cudenza_traced_tests in it. What was learnt of the tests is kept beside --out.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is changed into what: one match is one mutant.
CHANGES = [
    ("bound", r" < ", " <= "), ("bound", r" >= ", " > "), ("bound", r" <= ", " < "), ("bound", r" > ", " >= "),
    ("operator", r" \+ ", " - "), ("operator", r" - ", " + "), ("operator", r" \* ", " + "), ("operator", r" / ", " * "),
    ("operator", r" % ", " / "), ("operator", r" \+= ", " -= "), ("operator", r" && ", " || "), ("operator", r" \|\| ", " && "),
    ("operator", r" == ", " != "), ("operator", r" != ", " == "), ("operator", r" << ", " >> "), ("operator", r" >> ", " << "),
    ("constant", r"(?<=[ (\[])0(?=[;,)\]])", "1"), ("constant", r"(?<=[ (\[])1(?=[ ;,)\]])", "2"),
    ("constant", r"(?<=[ (])2(?=[ ;,)])", "3"),
    ("choice", r"\blarger\(", "smaller("), ("choice", r"\bsmaller\(", "larger("),
    ("barrier", r"__syncthreads\(\);", ";"), ("barrier", r"__syncwarp\(\);", ";"),
    ("mask", r"\bkAllLanes\b", "0x0000FFFFu"),
]
PROGRAMS = {"cudenza_simt_tests": "cudenza_simt", "cudenza_traced_tests": "cudenza_simt_traced"}


def lines_of_kernels(text):
    """Numbers of the lines that hold code of the device: from a template or function with __global__ or __device__ to its end."""
    inside, numbers, depth, seen = False, [], 0, False
    for number, line in enumerate(text.split("\n")):
        code = line.split("//")[0]
        if not inside and re.search(r"\b__(global|device)__\b", code):
            inside, depth, seen = True, 0, False
        if inside:
            if not code.lstrip().startswith("#"):
                numbers.append(number)
            depth += code.count("{") - code.count("}")
            seen = seen or "{" in code
            if seen and depth <= 0:
                inside = False
    return numbers


def mutants_of(path):
    """(path, line, kind, its text before, its text after) of each possible change."""
    text = (ROOT / path).read_text()
    lines, found = text.split("\n"), []
    for number in lines_of_kernels(text):
        code = lines[number].split("//")[0]
        if "template <" in code or "SHARED_ARRAY" in code or "#pragma" in code or "asm volatile" in code:
            continue
        for kind, pattern, instead in CHANGES:
            for match in re.finditer(pattern, code):
                changed = code[:match.start()] + instead + code[match.end():]
                found.append((path, number, kind, lines[number], changed))
    return found


class Build:
    """How ninja compiles a kernel's file and links the test programs, and which tests run which kernels."""

    def __init__(self, folder, notes):
        self.folder = folder.resolve()
        self.commands = {program: self.ninja(f"bin/{program}") for program in PROGRAMS}
        self.tests = json.loads(notes.read_text()) if notes.exists() else {}
        if not self.tests:
            self.tests = {program: self.tests_of(program) for program in PROGRAMS}
            notes.write_text(json.dumps(self.tests))

    def ninja(self, target):
        out = subprocess.run(["ninja", "-C", self.folder, "-t", "commands", target], check=True, capture_output=True, text=True)
        return out.stdout.strip().split("\n")

    def compile(self, program, path, source, to):
        library = PROGRAMS[program]
        command = next(c for c in self.commands[program] if c.endswith(str(ROOT / path)) and f"/{library}.dir/" in c)
        words = [w for w in shlex.split(command) if not w.endswith("ccache")]
        words[words.index("-o") + 1] = str(to)
        words[-1] = str(source)
        for option, length in (("-MD", 1), ("-MT", 2), ("-MF", 2)):  # what ninja reads, and keeps
            at = words.index(option)
            del words[at:at + length]
        return words + ["-w"]

    def link(self, program, object_file, to):
        words = shlex.split(next(c for c in self.commands[program] if f"-o bin/{program}" in c).split("&&")[1])
        words[words.index("-o") + 1] = str(to)
        return words[:1] + [str(object_file)] + words[1:]  # before the library, whose own member is not asked for then

    def tests_of(self, program):
        """{test: [seconds, kernels]}."""
        listed = subprocess.run([f"bin/{program}", "--gtest_list_tests"], cwd=self.folder, capture_output=True, text=True).stdout
        names, suite = [], ""
        for line in listed.split("\n"):
            if line and not line.startswith(" "):
                suite = line.split("#")[0].strip()
            elif line.strip():
                names.append(suite + line.split("#")[0].strip())
        names = [n for n in names if "Floors" not in n and "EveryKernel" not in n]

        def one(name):
            with tempfile.NamedTemporaryFile() as report:
                started = time.time()
                subprocess.run([f"bin/{program}", f"--gtest_filter={name}"], cwd=self.folder, capture_output=True,
                               env={**os.environ, "CUDENZA_TEST_REPORT": report.name})
                lines = pathlib.Path(report.name).read_text().split("\n")
                return name, [time.time() - started, sorted({line[7:] for line in lines if line.startswith("kernel\t")})]

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(pool.map(one, names))

    def tests_for(self, program, kernels, budget=60):
        chosen, total = [], 0
        for name, (seconds, run) in sorted(self.tests[program].items(), key=lambda item: item[1][0]):
            if kernels & set(run) and total + seconds < budget:
                chosen.append(name)
                total += seconds
        return chosen, total


def judged(build, mutant):
    """killed by which program, survived, or not built."""
    path, number, _, _, changed = mutant
    text = (ROOT / path).read_text()
    kernels = set(re.findall(r"(\w+_kernel)\(", text))
    lines = text.split("\n")
    lines[number] = changed
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        source = scratch / pathlib.Path(path).name
        source.write_text("\n".join(lines))
        for program in PROGRAMS:
            names, seconds = build.tests_for(program, kernels)
            if not names:
                continue
            object_file, binary = scratch / "mutant.o", scratch / program
            compiled = subprocess.run(build.compile(program, path, source, object_file), cwd=build.folder, capture_output=True)
            if compiled.returncode:
                return "not built"
            linked = subprocess.run(build.link(program, object_file, binary), cwd=build.folder, capture_output=True, text=True)
            if linked.returncode:
                raise RuntimeError(linked.stderr[-2000:])
            try:
                ran = subprocess.run([binary, "--gtest_fail_fast", "--gtest_filter=" + ":".join(names)], cwd=build.folder,
                                     capture_output=True, timeout=20 + 10 * seconds)
            except subprocess.TimeoutExpired:
                return program
            if ran.returncode:
                return program
    return "survived"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--of", default="")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("mutants.json"))
    a = parser.parse_args()
    paths = sorted(p.relative_to(ROOT) for p in (ROOT / "kernels").glob("*/*.cu") if a.of in str(p))
    every = [m for path in paths if path.parts[1] != "course" for m in mutants_of(str(path))]
    chosen = random.Random(a.seed).sample(every, min(a.count, len(every)))
    build = Build(a.build, a.out.with_suffix(".tests.json"))
    end, results = time.time() + 60 * a.minutes, []

    def one(mutant):
        return (mutant, judged(build, mutant)) if time.time() < end else None

    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        for done in pool.map(one, chosen):
            if done is None:
                continue
            (path, number, kind, before, after), fate = done
            results.append({"file": path, "line": number + 1, "kind": kind, "before": before.strip(), "after": after.strip(),
                            "fate": fate})
            if fate == "survived":
                print(f"survived: {path}:{number + 1}: {before.strip()}  ->  {after.strip()}", flush=True)
    a.out.write_text(json.dumps(results, indent=0))
    counted = [r for r in results if r["fate"] != "not built"]
    killed = [r for r in counted if r["fate"] != "survived"]
    print(f"{len(every)} possible, {len(results)} tried, {len(counted)} built, {len(killed)} noticed "
          f"({100 * len(killed) / max(1, len(counted)):.1f} %), "
          f"{sum(r['fate'] == 'cudenza_traced_tests' for r in killed)} of them by tracing alone")


if __name__ == "__main__":
    main()
