"""What a process remembers goes into huge pages, and nothing else does."""

import subprocess
import sys
from pathlib import Path

import pytest

from zoe.app import huge_pages

MIB = 1 << 20
#: As the kernel writes them: program, heap, an arena, a thread's stack behind its guard, shared
#: memory, a file of ours, and what only the kernel may touch.
MAPS = """\
00400000-0041f000 r--p 00000000 fe:00 1234                               /usr/bin/python3.11
0041f000-006c0000 r-xp 0001f000 fe:00 1234                               /usr/bin/python3.11
008a1000-00a5b000 rw-p 004a0000 fe:00 1234                               /usr/bin/python3.11
00a5b000-00a9f000 rw-p 00000000 00:00 0
01b3c000-0263e000 rw-p 00000000 00:00 0                                  [heap]
7f0000000000-7f0000600000 rw-p 00000000 00:00 0
7f0000600000-7f0000601000 ---p 00000000 00:00 0
7f0000601000-7f0000e01000 rw-p 00000000 00:00 0
7f0001000000-7f0001200000 rw-s 00000000 00:01 77                         /dev/zero (deleted)
7f0001200000-7f0001400000 rw-p 00000000 fe:00 99                         /srv/a b/journal
7ffd1a000000-7ffd1a021000 rw-p 00000000 00:00 0                          [stack]
"""

#: 16 MiB, a byte of each small page written; what is in huge pages afterwards, in KiB.
PROGRAM = """
import mmap, re
from pathlib import Path
from zoe.app import huge_pages

def in_huge_pages():
    return int(re.search("AnonHugePages: *([0-9]+)", Path("/proc/self/smaps_rollup").read_text())[1])

room = mmap.mmap(-1, 16 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for place in range(0, len(room), 4096):
    room[place] = place % 251
taken = huge_pages.collapse()
print(in_huge_pages(), taken // 1024, huge_pages.collapse() // 1024)
assert all(room[place] == place % 251 for place in range(0, len(room), 4096))
"""


def test_heaps_are_what_no_file_and_no_stack_is() -> None:
    assert [(hex(low), hex(high)) for low, high in huge_pages.heaps(MAPS.splitlines())] == [
        ("0xa5b000", "0xa9f000"),
        ("0x1b3c000", "0x263e000"),
        ("0x7f0000000000", "0x7f0000600000"),
    ]


def test_what_a_process_remembers_is_in_huge_pages_afterwards_and_is_as_it_was() -> None:
    if not huge_pages.SIZE.exists():
        pytest.skip("this kernel has no huge pages")
    for _ in range(5):  # few may be free for a moment
        done = subprocess.run(
            (sys.executable, "-c", PROGRAM), check=True, capture_output=True, text=True
        )
        after, taken, again = map(int, done.stdout.split())
        if not taken:
            pytest.skip("this kernel makes no huge pages when asked (before Linux 6.1)")
        assert again >= taken, "what is in huge pages is counted again, and stays"
        if taken >= 12 * 1024:
            break
    assert taken >= 12 * 1024
    assert after >= 12 * 1024


@pytest.mark.parametrize("size", [None, "", "none"])
def test_without_huge_pages_memory_stays_as_it_is(tmp_path: Path, size: str | None) -> None:
    path = tmp_path / "hpage_pmd_size"
    if size is not None:
        path.write_text(size)
    assert huge_pages.collapse(size=path) == 0
    assert huge_pages.collapse(maps=tmp_path / "nothing") == 0
