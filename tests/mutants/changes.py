"""What tests/mutants/mutants.py changes in kernels, and how all changes of a file stand in one source, to be chosen later."""
import collections
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# kind, what is changed, into what, and the word of schemata.h that stands for it.
CHANGES = [
    ("bound", r" < ", " <= ", "at_most"), ("bound", r" >= ", " > ", "above"),
    ("bound", r" <= ", " < ", "below"), ("bound", r" > ", " >= ", "at_least"),
    ("operator", r" \+ ", " - ", "plus_as_minus"), ("operator", r" - ", " + ", "minus_as_plus"),
    ("operator", r" \* ", " + ", "times_as_plus"), ("operator", r" / ", " * ", "over_as_times"),
    ("operator", r" % ", " / ", "rest_as_over"), ("operator", r" \+= ", " -= ", "negated"),
    ("operator", r" && ", " || ", None), ("operator", r" \|\| ", " && ", None),
    ("operator", r" == ", " != ", "equal_as_unequal"), ("operator", r" != ", " == ", "unequal_as_equal"),
    ("operator", r" << ", " >> ", "left_as_right"), ("operator", r" >> ", " << ", "right_as_left"),
    ("constant", r"(?<=[ (\[])0(?=[;,)\]])", "1", "constant"), ("constant", r"(?<=[ (\[])1(?=[ ;,)\]])", "2", "constant"),
    ("constant", r"(?<=[ (])2(?=[ ;,)])", "3", "constant"),
    ("choice", r"\blarger\(", "smaller(", "choice"), ("choice", r"\bsmaller\(", "larger(", "choice"),
    ("barrier", r"__syncthreads\(\);", ";", "on"), ("barrier", r"__syncwarp\(\);", ";", "on"),
    ("mask", r"\bkAllLanes\b", "0x0000FFFFu", "mask"),
]


class Mutant:
    def __init__(self, number, path, line, kind, word, span, before, after):
        self.id, self.path, self.line, self.kind, self.word, self.span = number, path, line, kind, word, span
        self.before, self.after = before, after
        self.key = f"{path}|{before.strip()}|{after.strip()}"  # stays when lines before it come or go


def lines_of_kernels(text):
    """Numbers of the lines that hold code of the device: from a template or function with such a word to its end. Not what a GPU
    and the host have each for themselves: one of them is not compiled here, the other not there."""
    inside, numbers, depth, seen, conditions = False, [], 0, False, []
    for number, line in enumerate(text.split("\n")):
        code = line.split("//")[0]
        if code.startswith("#if"):
            conditions.append(re.search(r"__CUDA_ARCH__|__CUDACC__|CUDENZA_SIMT", code) is not None)
        if code.startswith("#endif"):
            conditions.pop()
        if not inside and re.search(r"\b(__global__|__device__|HOST_DEVICE)\b", code) and not code.startswith("#"):
            inside, depth, seen = True, 0, False
        if inside:
            if not code.lstrip().startswith("#") and not any(conditions):
                numbers.append(number)
            depth += code.count("{") - code.count("}")
            seen = seen or "{" in code
            if seen and depth <= 0:
                inside = False
    return numbers


def mutants_of(path, first_id):
    lines, found = (ROOT / path).read_text().split("\n"), []
    for number in lines_of_kernels("\n".join(lines)):
        code = lines[number].split("//")[0]
        if "template <" in code and "HOST_DEVICE" not in code and "__device__" not in code:
            continue
        if "SHARED_ARRAY" in code or "#pragma" in code or "asm" in code:
            continue
        begins = code.rfind("> ", 0, code.find("HOST_DEVICE")) + 1 if "template <" in code else 0
        for kind, pattern, instead, word in CHANGES:
            for match in re.finditer(pattern, code):
                if match.start() < begins:
                    continue
                after = code[:match.start()] + instead + code[match.end():]
                found.append(Mutant(first_id + len(found), path, number, kind, word, match.span(), lines[number], after))
    return found


def condition_around(code, at):
    """Where the condition begins and ends that the && or || at `at` belongs to; None if not on this line."""
    depth, begin = 0, None
    for i in range(at - 1, -1, -1):
        depth += (code[i] in ")]") - (code[i] in "([")
        is_assignment = code[i] == "=" and code[i - 1] not in "=<>!" and code[i + 1] != "="
        if depth < 0 or depth == 0 and (code[i] in ",;{}?" or is_assignment or code[max(0, i - 5):i + 1] == "return"):
            begin = i + 1
            break
    depth = 0
    for i in range(at, len(code)):
        depth += (code[i] in "([") - (code[i] in ")]")
        if depth < 0 or depth == 0 and code[i] in ",;{}?":
            return (begin, i) if begin is not None else None
    return None


def edits_of(mutant):
    """What stands for the mutant in the source that holds all of them: (begin, end, text)."""
    begin, end = mutant.span
    old, name = mutant.before[begin:end], f"::mutants::{mutant.word}<{mutant.id}"
    if mutant.word is None:
        place = condition_around(mutant.before.split("//")[0], begin)
        if place is None or re.search(r"&&|\|\|", mutant.before[place[0]:begin] + mutant.before[end:place[1]]):
            return None
        changed = mutant.after[place[0]:place[1]]
        return [(place[0], place[0], f" (::mutants::on<{mutant.id}>() ? ({changed}) : ("), (place[1], place[1], "))")]
    if mutant.word == "constant":
        return [(begin, end, f"{name}, {old}, {int(old) + 1}>()")]
    if mutant.word == "choice":
        lambdas = [f"[](auto p, auto q) {{ return {f}(p, q); }}" for f in (("larger", "smaller") if "larger" in old else
                                                                          ("smaller", "larger"))]
        return [(begin, end, f"{name}>({', '.join(lambdas)})(")]
    if mutant.word == "on":
        return [(begin, end, f"({name}>() ? void() : {old[:-1]});")]
    if mutant.word == "mask":
        return [(begin, end, f"(::mutants::on<{mutant.id}>() ? 0x0000FFFFu : {old})")]
    return [(begin, end, f"{old}{name}>{{}}{old}")]


def with_all(text, mutants):
    """The file with each of these mutants in it, to be chosen."""
    lines, edits = text.split("\n"), {}
    for mutant in mutants:
        edits.setdefault(mutant.line, []).extend(edits_of(mutant))
    for number, of_line in edits.items():
        for begin, end, new in sorted(of_line, key=lambda e: (e[0], e[1] > e[0]), reverse=True):
            lines[number] = lines[number][:begin] + new + lines[number][end:]
    return "\n".join(lines)


def includers(path):
    """The .cu files that hold the file's code."""
    if path.endswith(".cu"):
        return [path]
    found, todo = set(), [path]
    files = {str(p.relative_to(ROOT)): p.read_text() for p in (ROOT / "kernels").glob("*/*") if p.suffix in (".h", ".cuh", ".cu")}
    while todo:
        wanted = f'#include "{todo.pop()}"'
        new = {name for name, text in files.items() if wanted in text} - found
        found |= new
        todo += new
    return sorted(f for f in found if f.endswith(".cu") and "/course/" not in f)


def all_mutants(word):
    paths = sorted(str(p.relative_to(ROOT)) for end in ("*.cu", "*.cuh", "*_math.h") for p in (ROOT / "kernels").glob("*/" + end))
    found = []
    for path in paths:
        if word in path and path.split("/")[1] not in ("course", "simd", "simt"):
            found += mutants_of(path, len(found) + 1)
    again = collections.Counter()
    for mutant in found:
        again[mutant.key] += 1
        if again[mutant.key] > 1:
            mutant.key += f"|{again[mutant.key]}"
    return found
