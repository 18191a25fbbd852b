"""`VAE`: a variational autoencoder of images, the bound that it is trained by, and a tighter one.

Source: D. P. Kingma, M. Welling (2014), Auto-Encoding Variational Bayes, ICLR.  arXiv:1312.6114
"""

import collections
import math

import torch
import torch.nn.functional as F
from torch import nn

from .. import checks

SPREAD = 0.1  # of the initial weights: the paper's N(0, 0.01), read as a variance
# Of a batch: the decoded logits (B, pixels), and mean and log_variance (B, latent) of the codes.
Output = collections.namedtuple("Output", ["logits", "mean", "log_variance"])


class VAE(nn.Module):
    """An encoder q(z|x), normal with a diagonal covariance, and a decoder p(x|z), a coin for each pixel.

    Each has a hidden layer of tanh (appendix C of the paper), of 500 units for MNIST; 20 is one of its latent sizes.

    While training, the codes are drawn with torch's own random numbers, which `optlib.vision.fit` seeds.  In evaluation
    mode the noise is the same in each call, so a test repeats its number; it depends on an image's place in the batch.

    Parameters
    ----------
    pixels, hidden, latent : int, at least 1
    seed : int, at least 0
        Decides the weights to start from; torch's own random state is neither read nor changed.
    """

    @torch.random.fork_rng(devices=[])  # torch's layers first draw weights of their own
    def __init__(self, pixels=784, hidden=500, latent=20, seed=0):
        super().__init__()
        for name, value in {"pixels": pixels, "hidden": hidden, "latent": latent}.items():
            checks.integer("VAE", name, value, least=1)
        generator = torch.Generator().manual_seed(checks.integer("VAE", "seed", seed))
        self.pixels, self.latent = pixels, latent
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.Tanh(), nn.Linear(hidden, 2 * latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, pixels))
        for p in self.parameters():
            nn.init.zeros_(p) if p.ndim == 1 else nn.init.normal_(p, std=SPREAD, generator=generator)

    def encode(self, images):
        """Mean and logarithm of the variance of the codes, (B, latent) each, of images (B, pixels) from 0 to 1."""
        if images.ndim != 2 or images.shape[1] != self.pixels:
            raise ValueError(f"VAE: images have shape {tuple(images.shape)}; it must be (B, {self.pixels})")
        low, high = (end.item() for end in images.aminmax())
        if not (low >= 0 and high <= 1):
            raise ValueError(f"VAE: images have pixels from {low:g} to {high:g}; they must lie in [0, 1]")
        return self.encoder(images).chunk(2, dim=1)

    def forward(self, images):
        """The `Output` for images (B, pixels), with one code drawn for each."""
        mean, log_variance = self.encode(images)
        noise = torch.randn_like(mean) if self.training else _noise(mean, torch.Generator().manual_seed(0))
        return Output(self.decoder(mean + (log_variance / 2).exp() * noise), mean, log_variance)


def _noise(like, generator):
    """Standard normal numbers, drawn on the CPU: the same on each device."""
    return torch.randn(like.shape, generator=generator).to(like)


def kl(mean, log_variance):
    """KL divergence of the codes' distribution from the standard normal one, (B,) in nats (appendix B)."""
    return (mean**2 + log_variance.exp() - 1 - log_variance).sum(1) / 2


def log_likelihood(logits, images):
    """log p(x|z), (B,) in nats; of gray pixels the mean over black and white ones that are 1 with this probability."""
    return -F.binary_cross_entropy_with_logits(logits, images, reduction="none").sum(1)


def negative_elbo(output, images):
    """Minus the evidence lower bound of log p(x), the mean over images (B, pixels) in nats."""
    return (kl(output.mean, output.log_variance) - log_likelihood(output.logits, images)).mean()


@torch.no_grad()
def importance_bound(model, images, samples=50, seed=0):
    """A lower bound of log p(x), a float: the mean over images (B, pixels), in nats.

    It is tighter the more codes are drawn for each image; with one ``samples`` it is, on average, the ELBO.

    Source: Y. Burda, R. Grosse, R. Salakhutdinov (2016), Importance Weighted Autoencoders, ICLR.  arXiv:1509.00519
    """
    checks.integer("importance_bound", "samples", samples, least=1)
    generator = torch.Generator().manual_seed(checks.integer("importance_bound", "seed", seed))
    mean, log_variance = model.encode(images)
    total = torch.full_like(mean[:, 0], -math.inf)
    for _ in range(samples):  # one by one: all at once would need much memory
        noise = _noise(mean, generator)
        z = mean + (log_variance / 2).exp() * noise
        prior_to_code = (noise**2 + log_variance - z**2).sum(1) / 2  # log p(z) - log q(z|x)
        total = torch.logaddexp(total, log_likelihood(model.decoder(z), images) + prior_to_code)
    return (total - math.log(samples)).mean().item()


@torch.no_grad()
def reconstruct(model, images):
    """Images (B, pixels) decoded from the means of their codes: from 0 to 1, the probability of each pixel."""
    return model.decoder(model.encode(images)[0]).sigmoid()


@torch.no_grad()
def sample(model, n, seed=0):
    """New images (n, pixels), decoded from standard normal codes: from 0 to 1, the probability of each pixel."""
    generator = torch.Generator().manual_seed(checks.integer("sample", "seed", seed))
    codes = torch.randn(checks.integer("sample", "n", n, least=1), model.latent, generator=generator)
    return model.decoder(codes.to(model.decoder[0].weight)).sigmoid()
