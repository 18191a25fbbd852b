"""`LanguageModel`: an LSTM that predicts the next word or character of a text, and the texts that it writes.

Sources: S. Hochreiter, J. Schmidhuber (1997), Long Short-Term Memory, Neural Computation 9(8);
F. Gers, J. Schmidhuber, F. Cummins (2000), Learning to Forget, Neural Computation 12(10), the gate that forgets;
W. Zaremba, I. Sutskever, O. Vinyals (2014), Recurrent Neural Network Regularization, the model.  arXiv:1409.2329
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .. import checks
from ..vision.predict import evaluation


def cell(x, h, c, W, U, b):
    """One step of an LSTM: the new output h and memory c, (B, H) each, after input x (B, D).

    W (4H, D), U (4H, H) and b (4H,) have the rows of the four gates one below the other, in torch's order.
    """
    write, keep, candidate, read = (x @ W.T + h @ U.T + b).chunk(4, dim=-1)
    c = keep.sigmoid() * c + write.sigmoid() * candidate.tanh()
    h = read.sigmoid() * c.tanh()
    return h, c


class LanguageModel(nn.Module):
    """Embedding, layers of LSTM, and a linear layer with one score for each token of the vocabulary.

    As in the paper, dropout acts between layers, before the first and after the last one, never from step to step.
    The defaults are the paper's medium size for the Penn Treebank: 19.8 million parameters with 10,000 words, windows
    of 35.  Its small size is embedding=200, hidden=200, dropout=0 and windows of 20; its large one embedding=1500,
    hidden=1500, dropout=0.65 and windows of 35.  Torch keeps two vectors of biases in a layer, whose sum counts.

    Each window begins with empty memory: windows are shuffled as examples are, and gradients stay inside of them.  (The
    paper reads windows in order, and each takes over the memory of the one before.)

    Parameters
    ----------
    vocabulary : int, at least 2
        Number of different tokens.
    embedding, hidden, layers : int, at least 1
    dropout : float in [0, 1)
    seed : int, at least 0
        Decides the weights to start from, uniform within 1 / sqrt(hidden); torch's own random state is neither read nor
        changed.
    """

    @torch.random.fork_rng(devices=[])  # torch's layers first draw weights of their own
    def __init__(self, vocabulary, embedding=650, hidden=650, layers=2, dropout=0.5, seed=0):
        super().__init__()
        checks.integer("LanguageModel", "vocabulary", vocabulary, least=2)
        for name, value in (("embedding", embedding), ("hidden", hidden), ("layers", layers)):
            checks.integer("LanguageModel", name, value, least=1)
        checks.number("LanguageModel", "dropout", dropout, "[0, 1)")
        generator = torch.Generator().manual_seed(checks.integer("LanguageModel", "seed", seed))
        self.embedding = nn.Embedding(vocabulary, embedding)
        between = dropout if layers > 1 else 0.0  # torch warns where there is nothing between
        self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True, dropout=between)  # `cell`, faster
        self.classifier = nn.Linear(hidden, vocabulary)
        self.dropout = nn.Dropout(dropout)
        for p in self.parameters():
            nn.init.uniform_(p, -1 / math.sqrt(hidden), 1 / math.sqrt(hidden), generator=generator)

    def read(self, tokens, state=None):
        """Scores (B, T, vocabulary) of what follows each of the tokens (B, T), and the state after the last one.

        The state, (h, c) of shape (layers, B, hidden) each, can be given again with the tokens that follow.
        """
        size = self.embedding.num_embeddings
        if tokens.ndim != 2 or tokens.is_floating_point() or not tokens.numel():
            given = f"{tuple(tokens.shape)} of {tokens.dtype}"
            raise ValueError(f"LanguageModel: tokens are {given}; they must be integers (B, T), at least one")
        low, high = (end.item() for end in tokens.aminmax())
        if low < 0 or high >= size:
            raise ValueError(f"LanguageModel: a token is {low if low < 0 else high}; allowed are 0 to {size - 1}")
        outputs, state = self.lstm(self.dropout(self.embedding(tokens.long())), state)
        return self.classifier(self.dropout(outputs)), state

    def forward(self, tokens):
        """Scores (B, T, vocabulary) of integers (B, T), read from empty memory."""
        return self.read(tokens)[0]


def cross_entropy(scores, targets):
    """The mean over all positions, in nats a token, of scores (B, T, vocabulary) and tokens (B, T)."""
    return F.cross_entropy(scores.flatten(0, -2), targets.flatten())


def sample(model, start, length, seed=0, temperature=1.0):
    """Tokens (length,) that continue the tokens ``start``, each drawn from the model's probabilities.

    These are those of scores divided by ``temperature``: below 1 likely tokens become likelier.
    """
    checks.integer("sample", "length", length, least=1)
    checks.number("sample", "temperature", temperature, "(0, inf)")
    generator = torch.Generator().manual_seed(checks.integer("sample", "seed", seed))
    token, state, text = torch.as_tensor(start, device=model.classifier.weight.device)[None], None, []
    with evaluation(model):
        for _ in range(length):
            scores, state = model.read(token, state)
            probabilities = (scores[:, -1].cpu() / max(temperature, 1e-30)).softmax(-1)  # below, floats overflow
            text.append(torch.multinomial(probabilities, 1, generator=generator))
            token = text[-1].to(token.device)
    return torch.cat(text, dim=1)[0]
