#!/usr/bin/env bash
# Library: GPyTorch 1.15.2 with torch 2.13.0, an ExactGP in evaluation mode whose hyperparameters are set.
# Guess:   model(x) uses the length scale and the noise that the model has now, as it does after load_state_dict.
# Happens: the first prediction keeps the solved system of the training data. Setters (kernel.lengthscale = 1.5,
#          likelihood.noise = .5) and initialize(...) leave it as it is; the next prediction joins the new kernel between
#          old and new points to the old solution. Of data between 4 and 6 it predicts 19.8 and 23.7 where 5.5 and 4.5 are
#          right. The variance is that of the new hyperparameters, and so looks as good as ever.
# Matters: a scan over length scales, an average over sampled hyperparameters and a slider in a notebook show numbers that
#          belong to no model, the first one apart. model.train() and model.eval() before each prediction cure it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    'torch==2.13.0' 'numpy==2.4.6' 'gpytorch==1.15.2'
cat > "$folder/check.py" <<'PY'
import gpytorch
import torch

POINTS = torch.tensor([0.73, 2.22])


class Process(gpytorch.models.ExactGP):
    def __init__(self, x, y, likelihood):
        super().__init__(x, y, likelihood)
        self.mean_module = gpytorch.means.ZeroMean()
        self.covar_module = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel())

    def forward(self, x):
        return gpytorch.distributions.MultivariateNormal(self.mean_module(x), self.covar_module(x))


def make():
    torch.manual_seed(0)
    x = torch.linspace(0, 5, 50)
    model = Process(x, torch.sin(2 * x) + 5 + 0.1 * torch.randn(50), gpytorch.likelihoods.GaussianLikelihood())
    set_numbers(model, 0.3, 0.01)
    return model.eval()


def set_numbers(model, length, noise):
    model.covar_module.base_kernel.lengthscale = length
    model.likelihood.noise = noise


@torch.no_grad()
def predict(model):
    seen = model(POINTS)
    return seen.mean, seen.variance


print("gpytorch", gpytorch.__version__, "torch", torch.__version__)
right = make()
set_numbers(right, 1.5, 0.5)
mean, variance = predict(right)
print("new numbers, no prediction before:", mean, variance)

changed = make()
print("old numbers:", *predict(changed))
set_numbers(changed, 1.5, 0.5)
mixed, same = predict(changed)
print("new numbers, set after that prediction:", mixed, same)
assert (mean - 5).abs().max() < 1 and (mixed - mean).abs().min() > 10 and torch.allclose(same, variance, atol=1e-4)

initialized = make()
predict(initialized)
initialized.initialize(**{"covar_module.base_kernel.lengthscale": 1.5, "likelihood.noise": 0.5})
assert torch.allclose(predict(initialized)[0], mixed, atol=0.01)

changed.train()
changed.eval()
loaded = make()
predict(loaded)
loaded.load_state_dict(right.state_dict())
print("after train() and eval():", predict(changed)[0], "; by load_state_dict:", predict(loaded)[0])
assert torch.allclose(predict(changed)[0], mean, atol=0.01) and torch.allclose(predict(loaded)[0], mean, atol=0.01)
PY
OMP_NUM_THREADS=1 "$folder/venv/bin/python" -W ignore "$folder/check.py"
