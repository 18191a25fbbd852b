"""The variational autoencoder's bounds, against torch's distributions and exact integrals, and its pictures."""

import math

import pytest
import torch
from test_tasks_networks import normal, small, uniform
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence
from vision_cases import one_thread  # noqa: F401

from optlib.tasks import autoencoder
from optlib.tasks.autoencoder import VAE, importance_bound, negative_elbo


def test_the_bound_is_that_of_torchs_distributions():
    x, output = uniform(4, 9), autoencoder.Output(normal(4, 9), normal(4, 3, seed=1), normal(4, 3, seed=2))
    code = Normal(output.mean, (output.log_variance / 2).exp())
    divergence = kl_divergence(code, Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(autoencoder.kl(output.mean, output.log_variance), divergence)
    black_and_white = x.round()
    likelihood = Bernoulli(logits=output.logits).log_prob(black_and_white).sum(1)
    torch.testing.assert_close(negative_elbo(output, black_and_white), (divergence - likelihood).mean())
    coin = Bernoulli(logits=output.logits)
    mean = (x * coin.log_prob(torch.tensor(1.0)) + (1 - x) * coin.log_prob(torch.tensor(0.0))).sum(1)
    torch.testing.assert_close(autoencoder.log_likelihood(output.logits, x), mean)


@pytest.fixture(scope="module")
def one_code():
    """A model of one latent number, many times the same image, and its exact log p(x) by numerical integration."""
    model, x = VAE(pixels=12, hidden=8, latent=1, seed=1), uniform(1, 12).round()
    model.decoder[0].weight.data *= 20  # images depend on the code, and its distribution is far from the exact one
    model.decoder[2].weight.data *= 5
    z = torch.linspace(-10, 10, 20_001).double()[:, None]
    with torch.no_grad():
        joint = autoencoder.log_likelihood(model.double().decoder(z), x.double().expand(len(z), -1))
        exact = (joint + Normal(0.0, 1.0).log_prob(z[:, 0])).logsumexp(0) + math.log(20 / 20_000)
    return model.float(), x.expand(4_000, -1), exact.item()


def test_with_one_sample_the_importance_bound_is_the_elbo(one_code):
    model, x, exact = one_code
    with torch.no_grad():
        elbo = -negative_elbo(model.eval()(x), x).item()
    assert importance_bound(model, x, samples=1, seed=5) == pytest.approx(elbo, abs=0.1)
    assert elbo < exact - 0.2


def test_the_importance_bound_rises_to_the_exact_likelihood(one_code):
    model, x, exact = one_code
    bounds = [importance_bound(model, x[: 8_000 // k], samples=k) for k in (2, 8, 32, 500)]
    assert bounds == sorted(bounds)
    assert bounds[-1] == pytest.approx(exact, abs=0.05)
    assert bounds[0] < exact - 0.1


def test_the_importance_bound_is_exact_where_the_code_tells_nothing():
    model, x = VAE(pixels=12, hidden=8, latent=2), uniform(3, 12)
    for p in model.parameters():
        nn.init.zeros_(p)
    for samples in (1, 7):
        assert importance_bound(model, x, samples) == pytest.approx(-12 * math.log(2), rel=1e-6)


def test_training_draws_codes_from_torchs_random_numbers():
    model, x = small("VAE").train(), uniform(5, 30)
    torch.manual_seed(0)
    first, second = model(x), model(x)
    torch.manual_seed(0)
    assert torch.equal(model(x).logits, first.logits)
    assert not torch.equal(first.logits, second.logits)
    assert torch.equal(first.mean, second.mean)


def test_the_codes_have_the_variance_that_the_encoder_tells():
    model = VAE(pixels=4, hidden=3, latent=2).train()
    model.decoder = nn.Identity()
    model.encoder[2].bias.data = torch.tensor([1.0, -2.0, 0.0, -3.0])
    torch.manual_seed(0)
    z, mean, log_variance = model(uniform(1, 4).expand(20_000, 4))
    torch.testing.assert_close(z.mean(0), mean[0], atol=0.03, rtol=0)
    torch.testing.assert_close(z.var(0), log_variance[0].exp(), atol=0, rtol=0.05)


def test_new_images_and_reconstructions_are_probabilities():
    model, x, state = small("VAE"), uniform(5, 30), torch.get_rng_state()
    images = autoencoder.sample(model, 6, seed=1)
    assert images.shape == (6, 30)
    assert torch.equal(images, autoencoder.sample(model, 6, seed=1))
    assert not torch.equal(images, autoencoder.sample(model, 6, seed=2))
    again = autoencoder.reconstruct(model, x)
    assert again.shape == x.shape
    torch.testing.assert_close(again, model.decoder(model(x).mean).sigmoid())
    for each in (images, again):
        assert each.min() > 0
        assert each.max() < 1
        assert not each.requires_grad
    model(x)  # in training mode: draws
    assert not torch.equal(torch.get_rng_state(), state)
