"""The networks of `optlib.tasks`, against published counts, plain loops and torch's own parts."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from vision_cases import one_thread  # noqa: F401

from optlib.tasks import autoencoder, capsules, language, wide_resnet
from optlib.tasks.autoencoder import VAE, importance_bound, negative_elbo
from optlib.tasks.capsules import CapsNet, margin_loss
from optlib.tasks.language import LanguageModel
from optlib.tasks.wide_resnet import WideResNet
from optlib.vision import count_parameters


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def uniform(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def integers(below, *shape, seed=0):
    return torch.randint(below, shape, generator=torch.Generator().manual_seed(seed))


SMALL = {  # network, small arguments, a batch, what it gives, the loss of that
    "VAE": (VAE, {"pixels": 30, "hidden": 16, "latent": 3}, uniform(5, 30), [(5, 30), (5, 3), (5, 3)],
            lambda output: negative_elbo(output, uniform(5, 30))),
    "LanguageModel": (LanguageModel, {"vocabulary": 11, "embedding": 6, "hidden": 8}, integers(11, 5, 7), [(5, 7, 11)],
                      lambda scores: language.cross_entropy(scores, integers(11, 5, 7, seed=1))),
    "CapsNet": (CapsNet, {"channels": 8, "capsules": 2, "size": 4, "digit_size": 4}, uniform(5, 1, 28, 28), [(5, 10)],
                lambda lengths: margin_loss(lengths, torch.arange(5))),
    "WideResNet": (WideResNet, {"depth": 10, "width": 1, "classes": 7}, normal(5, 3, 32, 32), [(5, 7)],
                   lambda scores: F.cross_entropy(scores, torch.arange(5))),
}  # fmt: skip
NETWORK = pytest.mark.parametrize("name", SMALL)


def small(name, **changes):
    network, arguments, *_ = SMALL[name]
    return network(**arguments | changes)


def vector(model):
    return nn.utils.parameters_to_vector(model.parameters()).detach()


def tensors(output):
    return output if isinstance(output, tuple) else (output,)


@pytest.mark.parametrize(("make", "count"), [
    (WideResNet, 10_961_370),  # 11.0 million in table 4 of the paper
    (lambda: WideResNet(40, 2), 2_243_546),  # 2.2 million
    (CapsNet, 6_804_224),  # 6.8 million without the decoder in table 1 and section 4
    # Its 20 million; the second vector of biases that torch keeps for each of two layers changes nothing.
    (lambda: LanguageModel(10_000), 19_775_200 + 2 * 4 * 650),
    (lambda: LanguageModel(10_000, 200, 200), 4_651_600 + 2 * 4 * 200),
    (VAE, 784 * 500 + 500 + 501 * 40 + 21 * 500 + 501 * 784),
    (lambda: VAE(hidden=400), 652_824),  # that of the examples of torch
])  # fmt: skip
def test_counts_of_parameters_are_the_published_ones(make, count):
    assert count_parameters(make()) == count


@NETWORK
def test_seeds_decide_the_weights_and_leave_torchs_random_numbers_alone(name):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first, other = vector(small(name, seed=3)), vector(small(name, seed=4))
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(vector(small(name, seed=3)), first)
    assert not torch.equal(first, other)


@NETWORK
def test_outputs_have_their_shapes_and_gradients_reach_every_parameter(name):
    model, (*_, x, shapes, loss) = small(name).train(), SMALL[name]
    output = model(x)
    assert [tuple(each.shape) for each in tensors(output)] == shapes
    loss(output).backward()
    for key, p in model.named_parameters():
        assert p.grad.isfinite().all(), key
        assert p.grad.any(), key


@NETWORK
def test_evaluation_repeats_itself_and_leaves_torchs_random_numbers_alone(name):
    model, x, state = small(name).eval(), SMALL[name][2], torch.get_rng_state()
    before = copy.deepcopy(model.state_dict())
    with torch.no_grad():
        once, again = tensors(model(x)), tensors(model(x))
    assert all(map(torch.equal, once, again))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


# --- the language model ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_a_cell_and_its_gradients_are_torchs(dtype, tolerance):
    theirs = nn.LSTMCell(5, 4, dtype=dtype)
    for k, p in enumerate(theirs.parameters()):
        p.data = normal(*p.shape, seed=k).to(dtype) / 2
    x, h, c = (normal(3, n, seed=9 + n).to(dtype).requires_grad_() for n in (5, 4, 4))
    W, U, b_W, b_U = theirs.parameters()
    results = [language.cell(x, h, c, W, U, b_W + b_U), theirs(x, (h, c))]
    grads = [torch.autograd.grad((2 * h - c).square().sum(), [x, W, U, b_U]) for h, c in results]
    torch.testing.assert_close(*results, atol=tolerance, rtol=0)
    torch.testing.assert_close(*grads, atol=tolerance * max(g.abs().max() for g in grads[1]).item(), rtol=0)


def test_the_model_is_a_loop_over_the_cell():
    model, tokens = small("LanguageModel", layers=3).double().eval(), integers(11, 2, 6)
    x = model.embedding(tokens)
    for W, U, *b in model.lstm.all_weights:
        h = c = torch.zeros(2, 8).double()
        outputs = []
        for t in range(6):
            h, c = language.cell(x[:, t], h, c, W, U, sum(b))
            outputs.append(h)
        x = torch.stack(outputs, dim=1)
    torch.testing.assert_close(model(tokens), model.classifier(x), atol=1e-12, rtol=1e-12)


def test_a_text_may_be_read_in_parts_and_no_token_is_known_in_advance():
    model, tokens = small("LanguageModel").eval(), integers(11, 2, 9)
    scores, state = model.read(tokens[:, :4])
    rest, _ = model.read(tokens[:, 4:], state)
    torch.testing.assert_close(torch.cat([scores, rest], dim=1), model(tokens.to(torch.uint8)))
    torch.testing.assert_close(model(torch.cat([tokens[:, :4], 10 - tokens[:, 4:]], dim=1))[:, :4], scores)


def test_dropout_acts_while_training_and_not_from_step_to_step():
    model, tokens = small("LanguageModel", layers=1, dropout=0.4), integers(11, 2, 9)
    assert model.lstm.dropout == 0
    torch.manual_seed(0)
    assert not torch.equal(model(tokens), model(tokens))
    widths = []
    with model.dropout.register_forward_hook(lambda dropout, inputs, output: widths.append(output.shape[-1])):
        model(tokens)
    assert widths == [6, 8], "before the first layer and after the last one"
    model.dropout.p = 0
    assert torch.equal(model(tokens), model(tokens))
    assert small("LanguageModel", layers=2, dropout=0.4).lstm.dropout == 0.4


def test_the_loss_is_the_mean_over_all_positions():
    scores, targets = normal(2, 3, 4), integers(4, 2, 3)
    each = [-scores[b, t].log_softmax(0)[targets[b, t]] for b in range(2) for t in range(3)]
    torch.testing.assert_close(language.cross_entropy(scores, targets), torch.stack(each).mean())


def test_texts_follow_the_probabilities_and_the_seed():
    model, state = small("LanguageModel", vocabulary=3).train(), torch.get_rng_state()
    nn.init.zeros_(model.classifier.weight)
    model.classifier.bias.data = torch.tensor([0.5, 0.3, 0.2]).log()
    text = language.sample(model, [0, 1], 600, seed=1, temperature=0.5)
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    shares = torch.bincount(text, minlength=3) / len(text)
    torch.testing.assert_close(shares, torch.tensor([25.0, 9.0, 4.0]) / 38, atol=0.06, rtol=0)
    assert torch.equal(language.sample(model, [0, 1], 9, seed=1, temperature=0.5), text[:9])
    assert not torch.equal(language.sample(model, [0, 1], 99, seed=2, temperature=0.5), text[:99])


def test_cold_texts_take_the_likeliest_token_after_all_those_before():
    model = small("LanguageModel", layers=1, seed=7).eval()
    for p in model.parameters():
        p.data *= 6  # so that what was read long ago matters
    nn.init.zeros_(model.classifier.bias)
    text = torch.tensor([3, 1, 2, 1])
    for _ in range(6):
        text = torch.cat([text, model(text[None])[0, -1].argmax()[None]])
    assert torch.equal(language.sample(model, [3, 1, 2, 1], 6, temperature=1e-40), text[4:])
    assert not torch.equal(language.sample(model, [1], 6, temperature=1e-4), text[4:])


# --- capsules ----------------------------------------------------------------------------------------------------


def test_squash_keeps_the_direction_and_tells_the_length():
    s = normal(7, 5) * torch.logspace(-3, 3, 7)[:, None]
    v, n = capsules.squash(s), s.norm(dim=1)
    torch.testing.assert_close(v.norm(dim=1), n**2 / (1 + n**2))
    torch.testing.assert_close(F.cosine_similarity(v, s), torch.ones(7))
    zero = torch.zeros(2, 5, requires_grad=True)
    capsules.squash(zero).norm(dim=1).sum().backward()
    assert not zero.grad.any(), "and no NaN"


@pytest.mark.parametrize("routings", [1, 2, 3])
def test_routing_is_that_of_a_plain_loop(routings):
    votes = normal(2, 3, 4, 5).double()
    for image, ours in zip(votes.tolist(), capsules.route(votes, routings).tolist(), strict=True):
        b = [[0.0] * 4 for _ in range(3)]
        for _ in range(routings):
            total = [sum(math.exp(b[k][i]) for k in range(3)) for i in range(4)]
            shares = [[math.exp(b[k][i]) / total[i] for i in range(4)] for k in range(3)]
            v = []
            for k in range(3):
                s = [sum(shares[k][i] * image[k][i][d] for i in range(4)) for d in range(5)]
                square = sum(each**2 for each in s)
                v.append([each * math.sqrt(square) / (1 + square) for each in s])
            for k in range(3):
                for i in range(4):
                    b[k][i] += sum(p * q for p, q in zip(image[k][i], v[k], strict=True))
        for k in range(3):
            assert ours[k] == pytest.approx(v[k], rel=1e-12)


def test_routing_prefers_capsules_whose_votes_agree():
    votes = torch.zeros(1, 2, 6, 2)
    votes[0, 0] = torch.tensor([1.0, 0.0])  # all say the same
    votes[0, 1, ::2], votes[0, 1, 1::2] = torch.tensor([0.0, 1.0]), torch.tensor([0.0, -0.8])
    lengths = [capsules.route(votes, routings)[0].norm(dim=1) for routings in (1, 3)]
    assert lengths[1][0] > lengths[0][0] > lengths[0][1]


def test_capsules_are_groups_of_channels_at_one_place_and_vote_by_their_own_matrix():
    model, x = small("CapsNet").double(), uniform(2, 1, 28, 28).double()
    maps = model.primary(model.first(x).relu())
    votes = torch.empty(2, 10, 2 * 36, 4).double()
    for kind in range(2):
        for place in range(36):
            n = kind * 36 + place
            u = capsules.squash(maps[:, 4 * kind : 4 * kind + 4, place // 6, place % 6])
            for k in range(10):
                votes[:, k, n] = u @ model.votes[n, :, k]
    torch.testing.assert_close(model.capsules(x), capsules.route(votes, 3))
    torch.testing.assert_close(model(x), model.capsules(x).norm(dim=2))


def test_margin_loss_is_equation_4():
    lengths, labels = uniform(6, 4), integers(4, 6)
    total = 0.0
    for row, label in zip(lengths.tolist(), labels.tolist(), strict=True):
        for k, n in enumerate(row):
            total += max(0, 0.9 - n) ** 2 if k == label else 0.5 * max(0, n - 0.1) ** 2
    assert margin_loss(lengths, labels).item() == pytest.approx(total / 6, rel=1e-6)
    assert margin_loss(torch.tensor([[0.95, 0.05]]), torch.tensor([0])) == 0


# --- the wide residual network -----------------------------------------------------------------------------------


def test_blocks_add_to_their_input_and_normalize_first():
    block, x = wide_resnet.Block(4, 4, 1).eval(), normal(2, 4, 8, 8)
    relu = lambda norm, x: norm(x).relu()
    change = block.second(relu(block.inner_norm, block.first(relu(block.norm, x))))
    torch.testing.assert_close(block(x), x + change)
    assert block(x).min() < 0, "no ReLU after the sum"
    wider = wide_resnet.Block(4, 6, 2).eval()
    nn.init.zeros_(wider.second.weight)
    torch.testing.assert_close(wider(x), wider.shortcut(relu(wider.norm, x)))
    assert wider(x).shape == (2, 6, 4, 4)


@pytest.mark.parametrize("depth", [10, 16, 28])
def test_the_depth_is_the_number_of_convolutions(depth):
    layers = [*WideResNet(depth, 2).modules()]
    assert sum(isinstance(layer, nn.Conv2d) for layer in layers) == depth


def test_images_of_96_pixels_are_taken_too():
    model, x = small("WideResNet").eval(), normal(1, 3, 96, 96)
    stages = model.blocks(model.stem(x))
    assert stages.shape == (1, 64, 24, 24)
    torch.testing.assert_close(model(x), model.classifier(model.norm(stages).relu().mean(dim=(2, 3))))


# --- wrong arguments ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "error", "words"), [
    (lambda: VAE(pixels=0), ValueError, "VAE: pixels=0 must be an integer of at least 1"),
    (lambda: VAE(latent=2.0), TypeError, "latent=2.0"),
    (lambda: VAE(seed=-1), ValueError, "seed=-1"),
    (lambda: small("VAE")(uniform(5, 31)), ValueError, r"shape \(5, 31\); it must be \(B, 30\)"),
    (lambda: small("VAE")(255 * uniform(5, 30)), ValueError, r"pixels from .* to 25.*; they must lie in \[0, 1\]"),
    (lambda: small("VAE")(uniform(5, 30) * math.nan), ValueError, "from nan to nan"),
    (lambda: importance_bound(small("VAE"), uniform(5, 30), samples=0), ValueError, "samples=0"),
    (lambda: autoencoder.sample(small("VAE"), 0), ValueError, "n=0"),
    (lambda: LanguageModel(1), ValueError, "vocabulary=1"),
    (lambda: LanguageModel(9, layers=0), ValueError, "layers=0"),
    (lambda: LanguageModel(9, dropout=1.0), ValueError, r"dropout=1.0 must be a number in \[0, 1\)"),
    (lambda: LanguageModel(9, layers=1, dropout=-1), ValueError, "dropout=-1"),
    (lambda: small("LanguageModel")(torch.tensor([[3, 11]])), ValueError, "a token is 11; allowed are 0 to 10"),
    (lambda: small("LanguageModel")(torch.tensor([[-1, 11]])), ValueError, "a token is -1"),
    (lambda: small("LanguageModel")(uniform(2, 3)), ValueError, "float32; they must be integers"),
    (lambda: language.sample(small("LanguageModel"), [], 3), ValueError, "at least one"),
    (lambda: language.sample(small("LanguageModel"), [1], 3, temperature=0), ValueError, "temperature=0"),
    (lambda: language.sample(small("LanguageModel"), [1], 0), ValueError, "length=0"),
    (lambda: CapsNet(routings=0), ValueError, "routings=0"),
    (lambda: CapsNet(classes=1), ValueError, "classes=1"),
    (lambda: CapsNet(size="8"), TypeError, "size='8'"),
    (lambda: small("CapsNet")(uniform(2, 1, 32, 32)), ValueError, r"\(2, 1, 32, 32\); it must be \(B, 1, 28, 28\)"),
    (lambda: WideResNet(depth=18), ValueError, "depth=18 must be 4 more than a multiple of 6"),
    (lambda: WideResNet(width=0), ValueError, "width=0"),
    (lambda: WideResNet(depth=10, width=1, classes=1), ValueError, "classes=1"),
    (lambda: WideResNet(depth=10, width=1, seed=-1), ValueError, "seed=-1"),
])  # fmt: skip
def test_wrong_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call()
