#!/usr/bin/env bash
# Library: grain 0.2.18: a MapDataset is shuffled with a fixed seed and cut into a training and a validation part; the
#          training part is repeated.
# Guess:   shuffled[:80] is a set of 80 records, the same in every epoch, and shuffled[80:] are the 20 others.
# Happens: repeat hands the number of the epoch through the slice to the shuffle, which shuffles all 100 anew: from the
#          second epoch on the first 80 places hold other records. After five epochs all 20 held-out records have been
#          trained on; in the first epoch, or with a look at list(training), all is well.
# Matters: the validation loss turns into a training loss, and a subsample "of 80" is the whole set. Reported as
#          google/grain issue 1200, open at the time of writing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'grain==0.2.18' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
from importlib.metadata import version

import grain

EPOCHS = 5
shuffled = grain.MapDataset.range(100).shuffle(seed=0)
training, validation = shuffled[:80], shuffled[80:]
held_out = set(validation)
assert len(held_out) == 20 and not held_out & set(training)
stream = list(training.repeat(EPOCHS))
print("grain", version("grain"))
print("guess: of the 20 records held out, trained on in each epoch:", EPOCHS * [0])
seen = [len(held_out & set(stream[80 * epoch : 80 * epoch + 80])) for epoch in range(EPOCHS)]
print("seen: ", seen, "- after", EPOCHS, "epochs", len(held_out & set(stream)), "of them have been trained on")
assert len(stream) == 80 * EPOCHS and seen[0] == 0 and min(seen[1:]) > 10
assert len(held_out & set(stream)) == 20

split = grain.MapDataset.source([int(record) for record in training])
stream = list(split.shuffle(seed=0).repeat(EPOCHS))
print("split kept as a list, then shuffled:", len(held_out & set(stream)), "of them")
assert not held_out & set(stream) and stream[:80] != stream[80:160]
PY
"$folder/venv/bin/python" -W ignore "$folder/check.py"
