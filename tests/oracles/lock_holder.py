"""Holds a casacore lock on a table, as any other program might, until a line comes on standard input.

    lock_holder.py MS read|write      prints "locked PID" once the lock is held
"""

import os
import sys

from casacore.tables import table

ms, kind = sys.argv[1:]
t = table(ms, readonly=kind == "read", ack=False, lockoptions="user")
t.lock(write=kind == "write")
print("locked", os.getpid(), flush=True)
sys.stdin.readline()
t.unlock()
t.close()
