"""A program that keeps a table open while another writes, and reads again.

    patient_reader.py MS COLUMN OUT.npy     reads, prints "read", waits for a line, reads again, saves that

Between its reads it holds no lock; casacore must then notice that its cached tiles are old.
"""

import sys

import numpy as np
from casacore.tables import table

ms, column, out = sys.argv[1:]
t = table(ms, ack=False, lockoptions="user")


def read():
    t.lock(write=False)
    values = t.getcol(column)
    t.unlock()
    return values


read()
print("read", flush=True)
sys.stdin.readline()
np.save(out, read())
