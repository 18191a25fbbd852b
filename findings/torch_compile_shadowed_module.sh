#!/usr/bin/env bash
# Library: torch 2.13.0, torch.compile on a processor with vector instructions (AVX2 or AVX-512).
# Guess:   how a kernel is compiled depends on the processor and the compiler, not on what else lies beside the script.
# Happens: whether vector instructions may be used is tried out in a child process that gets the parent's sys.path, the
#          script's own folder included, as PYTHONPATH. With a package installed in editable mode, whose .pth file imports re
#          at start, a file re.py beside the script does the script no harm: its re is the library's by then. The child,
#          though, imports that file and does not start. Its error is thrown away, and every kernel is written without
#          vector instructions.
# Matters: compiled elementwise code is then up to twenty times as slow, and nothing says so; benchmarks that are started from
#          a folder of scraps are wrong.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
mkdir "$folder/clean" "$folder/scraps"
cat > "$folder/clean/check.py" <<'PY'
import torch
from torch._inductor.utils import run_and_get_code

_, (code,) = run_and_get_code(torch.compile(lambda x: x * 2 - x.sqrt()), torch.rand(1 << 20))
print("vector instructions" if "Vectorized" in code else "scalar loop")
PY
cp "$folder/clean/check.py" "$folder/scraps"
# What somebody wrote once to try a regular expression, and what an editable installation does at start.
echo 'import numpy' > "$folder/scraps/re.py"
echo 'import re' > "$(echo "$folder"/venv/lib/python3.*/site-packages)/editable.pth"
# A cache for each: with kernels of the other one, the compiler stops with an error.
seen() { TORCHINDUCTOR_CACHE_DIR="$folder/cache-$1" "$folder/venv/bin/python" -W ignore "$folder/$1/check.py"; }
echo "guess: the same from both folders"
clean=$(seen clean) scraps=$(seen scraps)
echo "seen:  from a clean folder: $clean; beside a file re.py: $scraps"
test "$clean" = "vector instructions"
test "$scraps" = "scalar loop"
