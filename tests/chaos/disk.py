"""The disk of hearthd's data directory. As root it is a small file system of its own, in a file,
that can be filled to the last block and lose its power: what was not fsynced is gone. Else it is
a directory."""
import contextlib
import ctypes
import fcntl
import os
import resource
import struct
import subprocess
import time

CLONE_NEWNS = 0x00020000
MS_REC_PRIVATE = 0x4000 | 0x40000
EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2
SIZE = "96M"


def own_mounts():
    """Mounts of this process from now on are seen by it and its children only, and end with them.
    False where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    return os.geteuid() == 0 and libc.unshare(CLONE_NEWNS) == 0 and \
        libc.mount(b"none", b"/", None, MS_REC_PRIVATE, None) == 0


class Disk:
    """`path` is where the data directory goes. Its blocks are of a page, as on any disk: SQLite makes
    room for a page that it maps by one byte of it, and smaller blocks leave a hole that kills by
    SIGBUS on a full disk. The journal maps nothing; storage-sqlite's file does."""

    def __init__(self, directory, mounted, block=4096):
        self.path, self.mounted = directory / "disk", mounted  # a short path: a socket is in it
        self.image, self.ballast = directory / "disk.ext4", self.path / "ballast"
        self.path.mkdir(parents=True)
        if mounted:
            subprocess.run(["truncate", "-s", SIZE, str(self.image)], check=True)
            subprocess.run(["mkfs.ext4", "-q", "-b", str(block), "-m", "0", str(self.image)],
                           check=True)
            self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.path)], check=True)

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.path)], check=False)

    def fill(self):
        """Takes every free block: ENOSPC for whoever needs another."""
        with contextlib.suppress(OSError), open(self.ballast, "ab") as file:
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)

    def empty(self):
        with contextlib.suppress(OSError):
            self.ballast.unlink()

    def write_back(self):
        """As the kernel does with everything that has waited for half a minute."""
        fd = os.open(self.path, os.O_RDONLY)
        try:
            ctypes.CDLL(None).syncfs(fd)
        finally:
            os.close(fd)

    def cut_power(self):
        """From now on nothing reaches the disk, and what was only in memory is lost."""
        fd = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(fd)

    def power_on(self):
        """After whoever used it has ended: mounts what the disk has kept."""
        end = time.monotonic() + 30
        while subprocess.run(["umount", str(self.path)], capture_output=True).returncode != 0:
            assert time.monotonic() < end, "the disk is still in use"
            time.sleep(0.05)
        self.mount()


def limit_files(pid, size):
    """Writes of that process past so many bytes of any file fail with EFBIG; None: no limit."""
    most = resource.RLIM_INFINITY if size is None else size
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
