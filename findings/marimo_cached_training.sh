#!/usr/bin/env bash
# Library: marimo 0.25.2, mo.persistent_cache around a training, in a notebook run twice.
# Guess:   the second session takes the result of the block from the disk and is where the first was after it.
# Happens: only the variables that the block assigns come back. What it changed in place, the weights of the model, stays as
#          the cells above made it.
# Matters: the second session shows the final loss of the first beside a model that was never trained: loss .0002 with the
#          weight 0 (3 is best). Each further cell, an evaluation or a save, works on the untrained one, without a word.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'marimo==0.25.2'
cat > "$folder/check.py" <<'PY'
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    return (mo,)


@app.cell
def _():
    weights = [0.0]

    def train(weights):
        for _ in range(50):
            weights[0] -= 0.1 * (weights[0] - 3)
        return (weights[0] - 3) ** 2

    return train, weights


@app.cell
def _(mo, train, weights):
    with mo.persistent_cache("fit"):
        loss = train(weights)
    return (loss,)


@app.cell
def _(loss, weights):
    print(f"loss {loss:.4f} weight {weights[0]:.2f}")
    return


if __name__ == "__main__":
    app.run()
PY
cd "$folder"
first=$("$folder/venv/bin/python" -W ignore "$folder/check.py")
second=$("$folder/venv/bin/python" -W ignore "$folder/check.py")
"$folder/venv/bin/python" -c 'import marimo; print("marimo", marimo.__version__)'
echo "guess: $first in both sessions"
echo "seen:  $first in the first, $second in the second"
[[ $first == "loss 0.0002 weight 2.98" && $second == "loss 0.0002 weight 0.00" ]]
