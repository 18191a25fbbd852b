#!/usr/bin/env bash
# Library: webdataset 1.0.2, TarWriter and WebDataset.
# Guess:   what TarWriter writes under a key, WebDataset gives back under that key: two samples "lr0.001" and "lr0.01" are
#          read as two.
# Happens: a key ends at the first dot of the file's name. Both samples become one, with key "lr0" and the fields "001.txt"
#          and "01.txt"; a field "txt" there is none. The writer says nothing.
# Matters: keys made of a learning rate, a version, a time or an original file name hold dots. Samples are merged, so that
#          there are fewer of them, and a field that is not found is dropped or skipped further on.
# Source:  https://github.com/webdataset/webdataset/issues/237 (open; said to be by design)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'webdataset==1.0.2' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import webdataset


def read_back(keys):
    with webdataset.TarWriter("samples.tar") as file:
        for key in keys:
            file.write({"__key__": key, "txt": f"text of {key}"})
    return [
        {name: value for name, value in sample.items() if name == "__key__" or not name.startswith("__")}
        for sample in webdataset.WebDataset("samples.tar", shardshuffle=False).decode()
    ]


keys = ["lr0.001", "lr0.01"]
print("webdataset", version("webdataset"))
print("guess:", [{"__key__": key, "txt": f"text of {key}"} for key in keys])
print("seen: ", read_back(keys))
assert read_back(["lr0_001", "lr0_01"]) == [
    {"__key__": "lr0_001", "txt": "text of lr0_001"},
    {"__key__": "lr0_01", "txt": "text of lr0_01"},
]
(sample,) = read_back(keys)
assert sample["__key__"] == "lr0"
assert set(sample) == {"__key__", "001.txt", "01.txt"}
PY
cd "$folder"
"$folder/venv/bin/python" -W ignore "$folder/check.py"
