"""Convolutional networks written here, and one loop that trains them on images.

>>> from optlib.torch_driver import TorchOptimizer
>>> from optlib.vision import SpeedNet, fit
>>> model = SpeedNet("small").initialize(images)
>>> optimizer = TorchOptimizer(model.parameters(), ol.Nesterov(lr=0.1))
>>> history = fit(model, optimizer, (images, labels), (test_images, test_labels), epochs=4, batch=512)

Images are bytes (N, 32, 32, 3), labels integers (N,), tensors or arrays, as `ol.data.cifar10` gives them.
"""

from .augment import FlipAndShift
from .callbacks import Callback, Freeze, LookAhead, WeightDecay
from .history import History
from .images import Normalize
from .live_race import LiveRace, live_race
from .loop import AverageInTest, fit
from .parts import count_parameters, he_
from .precision import Probe, keep_memory, probe
from .predict import evaluate, predict, scores
from .resnet import ResNet, ResNet18, ResNet20
from .speednet import SpeedNet, triangle
from .surface import Snapshots, Surface, loss_surface
from .vgg import VGG16

__all__ = [
    "VGG16", "AverageInTest", "Callback", "FlipAndShift", "Freeze", "History", "LiveRace", "LookAhead", "Normalize",
    "Probe", "ResNet", "ResNet18", "ResNet20", "Snapshots", "SpeedNet", "Surface", "WeightDecay", "count_parameters",
    "evaluate", "fit", "he_", "keep_memory", "live_race", "loss_surface", "predict", "probe", "scores", "triangle",
]
