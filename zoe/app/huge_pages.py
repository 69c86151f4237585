"""Huge pages: the process's own memory in pages of 2 MiB, where the kernel has them.

A desk is at rest most of the time, and what runs after a rest looks up the address of everything it
touches: with pages of 4 KiB that is a sixth of the way from a tick to its order. Linux makes huge
pages by itself of memory that is advised so, within minutes; MADV_COLLAPSE makes them at once.
Source: madvise(2), since Linux 6.1; elsewhere the memory stays as it is.
"""

import ctypes
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

#: Python names it from 3.15 on; asm-generic/mman-common.h.
MADV_COLLAPSE: Final = 25
MAPS: Final = Path("/proc/self/maps")
SIZE: Final = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")


def collapse(maps: Path = MAPS, size: Path = SIZE) -> int:
    """Puts what lies in this process's heaps into huge pages; how many bytes are in such pages now.

    Takes some tenths of a millisecond a page that is new to it, without the interpreter's lock, and
    up to one huge page of memory more at the edges of each heap. 0 where the kernel has none.
    """
    try:
        page, lines = int(size.read_text()), maps.read_text().splitlines()
    except (OSError, ValueError):
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    taken = 0
    for low, high in heaps(lines):
        libc.madvise(low, high - low, mmap.MADV_HUGEPAGE)
        for start in range(-(-low // page) * page, high // page * page, page):
            # Refused where nothing lies yet, or no huge page is free: small ones do as well.
            taken += 0 if libc.madvise(start, page, MADV_COLLAPSE) else page
    return taken


def heaps(lines: Iterable[str]) -> Iterator[tuple[int, int]]:
    """First and last addresses of the memory in which objects lie; ``lines`` as in proc_pid_maps(5).

    Private memory that can be written and is no file's. No thread's stack, which lies behind a page
    that nobody may touch: little of it is ever used.
    """
    guarded = -1
    for line in lines:
        where, rights, _, _, inode, *name = line.split(maxsplit=5)
        low, high = (int(end, 16) for end in where.split("-"))
        if rights == "---p":
            guarded = high
        elif rights == "rw-p" and inode == "0" and low != guarded and name in ([], ["[heap]"]):
            yield low, high
