"""Neural networks on the scalar engine: neurons, losses, optimizers, training.

>>> import nn
>>> model = nn.MLP(2, [3, 2, 1], activation="tanh", output="sigmoid", seed=0)
>>> xs, exclusive_or = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
>>> optimizer = nn.SGD(model.parameters(), learning_rate=1.0)
>>> history = nn.train(
...     model, xs, exclusive_or, nn.binary_cross_entropy, optimizer, epochs=300
... )
>>> history[0] > 0.7, history[-1] < 0.02, nn.accuracy(model, xs, exclusive_or)
(True, True, 1.0)
"""

import autograd
from nn.activations import ACTIVATIONS
from nn.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    hinge,
    softmax_cross_entropy,
    squared_error,
)
from nn.modules import INITS, MLP, Layer, Module, Neuron
from nn.optimizers import SGD, Adam, AdamW, Optimizer
from nn.schedules import Constant, Cosine, Exponential, LinearWarmup, Step
from nn.training import accuracy, predict, train

__version__ = autograd.__version__

__all__ = [
    "ACTIVATIONS",
    "INITS",
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Constant",
    "Cosine",
    "Exponential",
    "Layer",
    "LinearWarmup",
    "Module",
    "Neuron",
    "Optimizer",
    "Step",
    "accuracy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "hinge",
    "predict",
    "softmax_cross_entropy",
    "squared_error",
    "train",
]
