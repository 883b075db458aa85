"""One call of the Python package, told as a line of JSON: what it raised, how long it took, and that the process lives.

    call.py MS CATALOGUE [--file-size KIB] [--OPTION VALUE ...]
"""

import json
import resource
import sys
import time

try:
    import nvss_predict
except ImportError:
    print("no package")
    sys.exit()

ms, catalogue, *words = sys.argv[1:]
options = {name.lstrip("-").replace("-", "_"): value for name, value in zip(words[::2], words[1::2])}
limit = options.pop("file_size", None)
if limit:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit) * 1024, hard))
begun, raised = time.monotonic(), None
try:
    nvss_predict.predict(ms, catalogue, beam="none", **options)
except nvss_predict.Error as error:
    raised = {"type": type(error).__name__, "text": str(error)}
print(json.dumps({"raised": raised, "seconds": time.monotonic() - begun, "alive": 2 + 2}), flush=True)
