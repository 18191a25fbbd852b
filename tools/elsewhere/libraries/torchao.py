"""torchao.optim: states of 8 and 4 bits, on sequences long enough for them."""

from torchao import optim as of

from ..common import Run, record
from ..tiled import walk
from ..torch_api import defaults

DECAY = {"weight_decay": 0.1}
RUNS = [
    Run("Adam8bit", of.Adam8bit),
    Run("Adam4bit", of.Adam4bit),
    Run("AdamFp8", of.AdamFp8),
    Run("AdamW8bit", of.AdamW8bit),
    Run("AdamW8bit decay", of.AdamW8bit, DECAY),
    Run("AdamW4bit", of.AdamW4bit),
    Run("AdamWFp8", of.AdamWFp8),
]

if __name__ == "__main__":
    record("torchao", ["torchao", "torch"], RUNS, walk, defaults=defaults)
