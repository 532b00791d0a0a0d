#!/usr/bin/env python3
"""Compiles every GPU kernel for NVIDIA architectures, without a GPU, through NVRTC and nvcc.

usage: compile_cuda.py [--kernels DIR] [--nvrtc LIBRARY] [--nvcc PROGRAM] [--arch sm_NN]... [--jobs N]

Each program runs through each compiler for each storage type, index width, variant and architecture, but for
combinations that tell nothing new (cases_of). NVRTC gets the text that the library embeds, nvcc the file. The table
shows what ptxas tells of each kernel entry. A case fails on a compiler's error or warning, on a program without an
entry, and on a spilled register in an entry whose name ends in "_fast". A compiler that cannot be found is left out.
The last line counts; exit status 1 if anything failed, 77 if there is no compiler at all.
"""
import argparse
import concurrent.futures
import ctypes
import glob
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

# What every compile has, in either compiler, as the library has it, and a report; the case's own macros and
# architecture come on top.
OPTIONS = ["--fmad=false", "--std=c++17", "--ptxas-options=-v"]
ARCHITECTURES = ["sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120"]
# The programs that every compiler sees in every variant for all of them; for the others, which take a second each, the
# plain program does for all, and the rest is for the architecture that their registers are tuned on. So are 64-bit
# indices, which change no more than arithmetic.
EVERYWHERE = {"forward_wide"}
TUNED = "sm_90"
STORAGES = ["float32", "float16", "bfloat16"]  # numbered as DCN_STORAGE
INDEX_BITS = [32, 64]
# What kernels are built for besides: kernel size, groups, channels of a group, then what differs from a plain 3x3 plan.
# "" is the program that takes all of it as parameters.
VARIANTS = {
    "": None,
    "d32": (3, 4, 32, {}),
    "d16_softmax": (3, 16, 16, {"softmax": 1}),
    "d64_removed": (3, 4, 64, {"removed": 1}),
    "d48_scaled": (3, 2, 48, {"grid": 0}),
    "k5_d32": (5, 8, 32, {}),
    "k1_d8": (1, 3, 8, {}),
    "d32_parted": (3, 8, 32, {"joint": 0}),
}
# The same of programs of multi-scale attention: levels, points in each, groups, channels of a group.
ATTENTION_VARIANTS = {
    "": None,
    "l4k4_d32": (4, 4, 8, 32),
    "l5k4_d16": (5, 4, 4, 16),
    "l1k1_d64": (1, 1, 2, 64),
}
REGISTERS = 64  # DCN_WIDE_REGISTERS
POINTS_REGISTERS = 255  # DCN_POINTS_REGISTERS
UNIT_ITEMS = 1024  # DCN_WIDE_UNIT_ITEMS
LONG_INDEX_ITEMS = 512  # DCN_LONG_INDEX_ITEMS
NOT_FOR_GPUS = {"attention_backward_long", "attention_long", "backward_long", "forward_long"}
NEVER_SPECIAL = {"attention_backward_bins", "backward_bins"}
SKIPPED = 77

Case = namedtuple("Case", "compiler program storage bits variant arch")
Entry = namedtuple("Entry", "name registers stack stores loads shared")

COMPILING = re.compile(r"ptxas info\s*: Compiling entry function '(\w+)'")
FRAME = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"ptxas info\s*: Used (\d+) registers")
SHARED = re.compile(r"(\d+) bytes smem")
CHATTER = re.compile(r"ptxas info\s*: (\d+ bytes gmem|Overriding global maxrregcount|Function properties for|Compile time)")


def variants_of(program):
    return ATTENTION_VARIANTS if program.startswith("attention_") else VARIANTS


def tile_options(program, storage, points, groups, channels, most_groups):
    """What src/operators gives a plan with tiles that its output fills, of so many groups at most."""
    lanes = -(-channels // (4 if storage == "float32" else 8))
    slots = 256 // lanes
    tile_groups = max(power for power in (1, 2, 4) if power <= min(groups, most_groups))
    pixels = (slots // tile_groups).bit_length() - 1
    tile_h = 1 << pixels // 2 if most_groups > 1 else 1
    tile_w = (1 << pixels) // tile_h
    pitch = next(p for p in range(points, points + 16) if lanes not in (1, 2, 4) or p % (2 * lanes) == lanes)
    macros = {"SPECIAL": 1, "POINTS": points, "PITCH": pitch, "GROUPS": groups, "GROUP_CHANNELS": channels,
              "SLOT_LANES": lanes, "TILE_H": tile_h, "TILE_W": tile_w, "TILE_GROUPS": tile_groups,
              "WORK_ITEMS": tile_h * tile_w * tile_groups * lanes}
    if program.endswith("backward_value"):
        pairs = min(32, slots)
        macros.update({"PITCH": points, "TILE_H": 8 if most_groups > 1 else 1, "TILE_W": 8,
                       "TILE_GROUPS": min(groups, 2), "WORK_ITEMS": -(-pairs * lanes // 32) * 32, "VALUE_TILE_H": 2,
                       "VALUE_TILE_W": pairs, "ROOM": 1024})
    return macros


def grid_options(program, storage, kernel, groups, channels, rest):
    removed = rest.get("removed", 0)
    points = kernel * kernel - removed
    macros = tile_options(program, storage, points, groups, channels, 4)
    macros["USES_SOFTMAX"] = rest.get("softmax", 0)
    if rest.get("joint", 1):
        macros["JOINT"] = 1
    if rest.get("grid", 1):
        macros.update({"KERNEL_H": kernel, "DILATION_H": 1, "DILATION_W": 1, "CENTER_H": kernel // 2,
                       "CENTER_W": kernel // 2, "REMOVED": kernel * kernel // 2 if removed else points})
    return macros


def level_options(program, storage, levels, points, groups, channels):
    macros = tile_options(program, storage, levels * points, groups, channels, 1)
    macros.update({"USES_SOFTMAX": 1, "JOINT": 1, "LEVEL_POINTS": points})
    return macros


def options_of(case):
    options = OPTIONS + [f"--gpu-architecture={case.arch}", f"-DDCN_STORAGE={STORAGES.index(case.storage)}",
                         f"-DDCN_INDEX_BITS={case.bits}", "-DDCN_LANES=1"]
    if case.variant:
        make = grid_options if variants_of(case.program) is VARIANTS else level_options
        macros = make(case.program, case.storage, *variants_of(case.program)[case.variant])
        points = case.program.endswith("backward_points")
        if (case.bits == 64 and "backward" in case.program) or (points and make is level_options):
            unit = LONG_INDEX_ITEMS if case.bits == 64 and points else UNIT_ITEMS
            macros["WORK_GROUPS"] = min(unit // macros["WORK_ITEMS"], 16)
        options += [f"-DDCN_{name}={value}" for name, value in macros.items()]
        limit = POINTS_REGISTERS if points else REGISTERS
        options.append(f"--maxrregcount={limit}")
    return options


def cases_of(compilers, programs, architectures):
    """The library compiles the plain programs either way; special ones only when it runs, by one compiler here too."""
    for compiler, program in itertools.product(compilers, programs):
        variants = list(variants_of(program))
        may_be_special = compiler == compilers[0] and program not in NEVER_SPECIAL
        for words in itertools.product(STORAGES, INDEX_BITS, variants, architectures):
            case = Case(compiler, program, *words)
            if case.arch != TUNED and (case.bits == 64 or program not in EVERYWHERE and
                                       (case.variant or compiler == "nvcc")):
                continue
            if not case.variant or may_be_special and (case.bits == 32 or case.variant == variants[1]):
                yield case


# --- NVRTC ------------------------------------------------------------------------------------------------------------

def find_nvrtc():
    """The library of a Python package, of the toolkit that nvcc is of, or of the system."""
    folders = [folder for path in sys.path for folder in glob.glob(os.path.join(path, "nvidia", "*", "lib"))]
    nvcc = shutil.which("nvcc")
    if nvcc:
        folders.append(os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(nvcc))), "lib64"))
    folders += ["/usr/local/cuda/lib64"]
    return next((path for folder in folders for path in sorted(glob.glob(os.path.join(folder, "libnvrtc.so*")))), None)


class Nvrtc:
    def __init__(self, path):
        # NVRTC opens its builtins by bare name, and so finds them only where they are loaded already.
        folder = os.path.dirname(os.path.abspath(path))
        for builtins in sorted(glob.glob(os.path.join(folder, "libnvrtc-builtins.so*"))):
            ctypes.CDLL(builtins, mode=ctypes.RTLD_GLOBAL)
        self.library = ctypes.CDLL(path)
        self.library.nvrtcGetErrorString.restype = ctypes.c_char_p

    def version(self):
        major, minor = ctypes.c_int(), ctypes.c_int()
        self.library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
        return f"{major.value}.{minor.value}"

    def compile(self, text, name, options):
        """Whether it compiled, and the log."""
        program = ctypes.c_void_p()
        words = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
        code = self.library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), name.encode(), 0, None, None)
        if code:
            return False, self.library.nvrtcGetErrorString(code).decode()
        code = self.library.nvrtcCompileProgram(program, len(options), words)
        size = ctypes.c_size_t()
        self.library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value + 1)
        self.library.nvrtcGetProgramLog(program, log)
        self.library.nvrtcDestroyProgram(ctypes.byref(program))
        text = log.value.decode(errors="replace")
        return code == 0, text if code == 0 else text + self.library.nvrtcGetErrorString(code).decode()


# --- One case, in a process of its own --------------------------------------------------------------------------------

class Worker:
    """What a worker process keeps between cases."""
    nvrtc = None
    nvcc = None
    kernels = None
    texts = None
    output = None

    @classmethod
    def start(cls, nvrtc, nvcc, kernels, texts, scratch):
        cls.nvrtc = Nvrtc(nvrtc) if nvrtc else None
        cls.nvcc, cls.kernels, cls.texts = nvcc, kernels, texts
        cls.output = os.path.join(scratch, f"{os.getpid()}.cubin")

    @classmethod
    def run(cls, case):
        if case.compiler == "nvrtc":
            return cls.nvrtc.compile(cls.texts[case.program], case.program + ".cu", options_of(case))
        command = [cls.nvcc, "-x", "cu", "--cubin", "-o", cls.output] + options_of(case)
        done = subprocess.run(command + [os.path.join(cls.kernels, case.program + ".cl")], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode == 0, done.stdout


def read_log(log):
    """The entries that ptxas tells of, and every line that is not its usual report."""
    entries, strange = [], []
    for line in log.replace("\0", "").splitlines():
        compiling, frame, used = COMPILING.search(line), FRAME.search(line), USED.search(line)
        if compiling:
            entries.append(Entry(compiling.group(1), None, None, None, None, 0))
        elif frame and entries:
            stack, stores, loads = map(int, frame.groups())
            entries[-1] = entries[-1]._replace(stack=stack, stores=stores, loads=loads)
        elif used and entries:
            shared = SHARED.search(line)
            entries[-1] = entries[-1]._replace(registers=int(used.group(1)),
                                               shared=int(shared.group(1)) if shared else 0)
        elif line.strip() and not CHATTER.search(line):
            strange.append(line)
    return entries, strange


def problems_of(compiled, entries, strange):
    found = [] if compiled else ["it does not compile"]
    found += strange
    if compiled and not entries:
        found.append("no kernel entry in it")
    for entry in entries:
        if entry.registers is None or entry.stores is None:
            found.append(f"{entry.name}: ptxas told no registers or spills")
        elif entry.name.endswith("_fast") and entry.stores + entry.loads:
            found.append(f"{entry.name} spills: {entry.stores} bytes stored, {entry.loads} loaded")
    return found


# --- All cases --------------------------------------------------------------------------------------------------------

def embedded_texts(kernels, programs, scratch):
    """The programs' texts as embed.py puts them into the library."""
    output = os.path.join(scratch, "kernel_sources.c")
    sources = [os.path.join(kernels, program + ".cl") for program in programs]
    subprocess.run([sys.executable, os.path.join(kernels, "embed.py"), output] + sources, check=True)
    with open(output, encoding="utf-8") as file:
        written = file.read()
    texts = {}
    for program in programs:
        numbers = re.search(r"\b%s\[\] = \{([^}]*)\}" % program, written).group(1)
        texts[program] = bytes(int(number) for number in numbers.split(",")).rstrip(b"\0").decode("ascii")
    return texts


def print_row(case, entries):
    for entry in entries:
        print("%-6s %-7s %-9s %d %-12s %-28s %5s %6s %6s %6s %7s" % (
            case.compiler, case.arch, case.storage, case.bits, case.variant or "-", entry.name, entry.registers,
            entry.stack, entry.stores, entry.loads, entry.shared))


def find_compilers(arguments):
    """NVRTC's library and nvcc, each None where it is missing; and the reasons."""
    nvrtc, nvcc, reasons = arguments.nvrtc or find_nvrtc(), shutil.which(arguments.nvcc), []
    try:
        print(f"NVRTC {Nvrtc(nvrtc).version()}: {nvrtc}" if nvrtc else "NVRTC: none")
    except OSError as error:
        nvrtc, reasons = None, [f"nvrtc: {error}"]
    if not nvrtc and not reasons:
        reasons.append("nvrtc: libnvrtc was not found")
    print(f"nvcc: {nvcc or 'none'}")
    if not nvcc:
        reasons.append(f"nvcc: {arguments.nvcc} was not found")
    return nvrtc, nvcc, reasons


def run_cases(cases, start_arguments, jobs):
    """Prints the table; returns how many passed, and the cases that failed by what was wrong with them."""
    passed, failures = 0, {}
    print("%-6s %-7s %-9s %s %-12s %-28s %5s %6s %6s %6s %7s" % (
        "", "arch", "storage", "ix", "variant", "entry", "regs", "stack", "stores", "loads", "shared"))
    with concurrent.futures.ProcessPoolExecutor(jobs, initializer=Worker.start, initargs=start_arguments) as pool:
        for case, (compiled, log) in zip(cases, pool.map(Worker.run, cases)):
            entries, strange = read_log(log)
            print_row(case, entries)
            found = problems_of(compiled, entries, strange)
            passed += not found
            if found:
                failures.setdefault("\n    ".join(found), []).append(" ".join(str(word) for word in case if word))
    return passed, failures


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernels", default=os.path.join(root, "kernels"))
    parser.add_argument("--nvrtc")
    parser.add_argument("--nvcc", default="nvcc")
    parser.add_argument("--arch", action="append")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    start = time.monotonic()
    programs = sorted(os.path.splitext(os.path.basename(path))[0]
                      for path in glob.glob(os.path.join(arguments.kernels, "*.cl")))
    programs = [program for program in programs if program not in NOT_FOR_GPUS]
    nvrtc, nvcc, reasons = find_compilers(arguments)
    compilers = [name for name, found in (("nvrtc", nvrtc), ("nvcc", nvcc)) if found]
    cases = list(cases_of(compilers, programs, arguments.arch or ARCHITECTURES))
    if not cases:
        print(f"no compiler: {'; '.join(reasons)}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as scratch:
        texts = embedded_texts(arguments.kernels, programs, scratch)
        passed, failures = run_cases(cases, (nvrtc, nvcc, arguments.kernels, texts, scratch), arguments.jobs)
    for problem, names in failures.items():
        print("FAIL " + "\nFAIL ".join(names) + "\n    " + problem)
    for reason in reasons:
        print(f"left out: {reason}")
    failed = sum(len(names) for names in failures.values())
    print(f"took {time.monotonic() - start:.0f} s")
    print(f"{passed} passed, {failed} failed, {len(reasons)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
