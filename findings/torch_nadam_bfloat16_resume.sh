#!/usr/bin/env bash
# Library: torch 2.13.0, torch.optim.NAdam and ASGD with bfloat16 weights, state_dict and load_state_dict.
# Guess:   a run that is saved and loaded goes on bit for bit, as it does with float32 weights; numbers that count steps
#          or multiply up over them (step, mu_product, eta, mu) stay the float32 tensors that they were.
# Happens: only the key "step" keeps its dtype. mu_product of NAdam, eta and mu of ASGD are rounded to bfloat16 by
#          load_state_dict and stay bfloat16: NAdam's product goes on with 8 bits, and its weights go another way.
# Matters: resumed runs differ from uninterrupted ones although nothing random is left, and an optimizer of one's own that
#          keeps float32 state beside bfloat16 weights loses it at the first resume, unless it restores it by itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'torch==2.13.0' 'numpy==2.4.6'
cat > "$folder/check.py" <<'PY'
import torch

STEPS, RESUME_AFTER = 40, 2


def run(make, resume, dtype=torch.bfloat16):
    """The weights after some steps, and the state, with or without saving and loading on the way."""
    torch.manual_seed(0)
    weights = torch.nn.Parameter(torch.randn(2000).to(dtype))
    curvature = torch.linspace(1, 3, 2000)
    optimizer = make([weights], lr=0.1)
    for step in range(STEPS):
        weights.grad = (weights.detach().float() * curvature).to(dtype)
        optimizer.step()
        if resume and step == RESUME_AFTER:
            loaded = make([weights], lr=0.1)
            loaded.load_state_dict(optimizer.state_dict())
            optimizer = loaded
    return weights.detach(), optimizer.state[weights]


whole, state = run(torch.optim.NAdam, False)
resumed, its = run(torch.optim.NAdam, True)
differ = (whole != resumed).sum().item()
print("torch", torch.__version__)
print("guess: mu_product stays float32, and no weight differs")
print(f"seen:  NAdam's mu_product {state['mu_product'].dtype}, after loading {its['mu_product'].dtype}; "
      f"{differ} of 2000 weights differ after {STEPS} steps")
assert (state["mu_product"].dtype, its["mu_product"].dtype) == (torch.float32, torch.bfloat16)
assert its["step"].dtype == torch.float32
assert differ > 0
assert torch.equal(run(torch.optim.NAdam, False, torch.float32)[0], run(torch.optim.NAdam, True, torch.float32)[0])
assert torch.equal(run(torch.optim.Adam, False)[0], run(torch.optim.Adam, True)[0]), "Adam has no such number"
its = run(torch.optim.ASGD, True)[1]
print("       ASGD's eta and mu after loading:", its["eta"].dtype, its["mu"].dtype)
assert its["eta"].dtype == torch.bfloat16
PY
"$folder/venv/bin/python" "$folder/check.py"
