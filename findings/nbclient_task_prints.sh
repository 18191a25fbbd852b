#!/usr/bin/env bash
# Library: nbclient 0.11.0 with ipykernel 7.4.0: what runs `jupyter nbconvert --execute` and nbclient-based tests.
# Guess:   what a background asyncio task prints while a later cell waits for it is stored under that later cell, as the
#          prints of a background thread are.
# Happens: the thread's lines are stored under the waiting cell. The task's lines are stored nowhere: the kernel marks
#          them as output of the cell that created the task, and nbclient drops what belongs to a cell that has ended.
#          No warning, and the task has run in full.
# Matters: an asynchronous training loop that reports its loss, started in one cell and awaited in the next, shows its
#          log to a front end that stays connected; the executed notebook, page or slide deck lacks it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export IPYTHONDIR="$folder/ipython" JUPYTER_CONFIG_DIR="$folder/config" JUPYTER_DATA_DIR="$folder/data"
export JUPYTER_RUNTIME_DIR="$folder/runtime"
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'nbclient==0.11.0' 'nbformat==5.11.1' 'ipykernel==7.4.0' 'ipython==9.18.1' 'jupyter_client==8.10.0'
cat > "$folder/check.py" <<'PY'
import ipykernel
import nbclient
from jupyter_client.manager import start_new_kernel
from nbformat.v4 import new_code_cell, new_notebook

# Each worker waits for the second cell's signal, so that all its lines are printed while that cell runs.
THREAD = [
    """
import threading
go, losses = threading.Event(), []
def train():
    go.wait()
    for step in range(3):
        losses.append(1 / (step + 1))
        print("step", step)
worker = threading.Thread(target=train)
worker.start()
""",
    """
print("waiting")
go.set()
worker.join()
print(len(losses), "losses")
""",
]
TASK = [
    """
import asyncio
go, losses = asyncio.Event(), []
async def train():
    await go.wait()
    for step in range(3):
        losses.append(1 / (step + 1))
        print("step", step)
        await asyncio.sleep(0.05)
worker = asyncio.create_task(train())
""",
    """
print("waiting")
go.set()
await worker
print(len(losses), "losses")
""",
]


def stored_text(sources):
    """The text stored under each cell of an executed notebook."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    return ["".join(output.text for output in cell.outputs) for cell in notebook.cells]


def origin_of_prints(sources):
    """Which cell (1, 2) the kernel names as the origin of each printed line."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        requests, origins = [], {}

        def note(message):
            if message["msg_type"] == "stream":
                cell = requests.index(message["parent_header"]["msg_id"]) + 1
                origins.update(dict.fromkeys(message["content"]["text"].split("\n")[:-1], cell))

        for source in sources:
            requests.append(client.execute(source))
            ended = False
            while not ended:
                message = client.get_iopub_msg(timeout=60)
                note(message)
                ended = (
                    message["msg_type"] == "status"
                    and message["content"]["execution_state"] == "idle"
                    and message["parent_header"]["msg_id"] == requests[-1]
                )
        return origins
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


print("nbclient", nbclient.__version__, "with ipykernel", ipykernel.__version__)
print("guess: 'step 0' to 'step 2' are stored under cell 2 for the thread and for the task")
thread, task = stored_text(THREAD), stored_text(TASK)
for name, texts in (("thread", thread), ("task", task)):
    for number, text in enumerate(texts, start=1):
        print(f"{name:6} cell {number}: {text.split(chr(10))[:-1]}")

origins = origin_of_prints(TASK)
print("the kernel sends, line: cell of origin", origins)
steps = [f"step {step}" for step in range(3)]
assert all(step in thread[1] for step in steps) and "step" not in thread[0], thread
assert task[1].split("\n") == ["waiting", "3 losses", ""], f"the task's lines are stored now: {task}"
assert all(origins[step] == 1 for step in steps) and origins["3 losses"] == 2, origins
assert task[0] == "", f"the task's lines are stored under cell 1 now: {task}"
print("seen: the task's three lines are gone, though its three losses are there")
PY
"$folder/venv/bin/python" "$folder/check.py"
