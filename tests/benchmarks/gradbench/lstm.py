"""lstm: the loss of a recurrent network whose weights are diagonal."""

from __future__ import annotations

from itertools import pairwise

import autograd as ag
from tests.benchmarks.gradbench.function import Function, fields, flat
from tests.benchmarks.gradbench.style import compiled, total


def lstm_loss(main, extra, state, sequence):
    layers, width = len(main) // 2, len(extra[0])
    hidden = [list(state[2 * layer]) for layer in range(layers)]
    cell = [list(state[2 * layer + 1]) for layer in range(layers)]
    gates = [  # of each layer: weight and bias of forget, ingate, outgate, change
        [
            row[g * width : (g + 1) * width]
            for g in range(4)
            for row in main[2 * i : 2 * i + 2]
        ]
        for i in range(layers)
    ]
    into, out, bias = extra

    loss = 0.0
    for now, then in pairwise(sequence):
        signal = [x * w for x, w in zip(now, into)]
        for layer in range(layers):
            wf, bf, wi, bi, wo, bo, wc, bc = gates[layer]
            h, c = hidden[layer], cell[layer]
            for j in range(width):
                forget = ag.sigmoid(signal[j] * wf[j] + bf[j])
                ingate = ag.sigmoid(h[j] * wi[j] + bi[j])
                outgate = ag.sigmoid(signal[j] * wo[j] + bo[j])
                change = ag.tanh(h[j] * wc[j] + bc[j])
                c[j] = c[j] * forget + ingate * change
                h[j] = outgate * ag.tanh(c[j])
            signal = h
        predicted = [x * w + b for x, w, b in zip(signal, out, bias)]
        norm = ag.log(total(ag.exp(y) for y in predicted) + 2.0)
        for wanted, y in zip(then, predicted):
            loss = loss - wanted * (y - norm)
    return loss / (width * (len(sequence) - 1))


lstm_jacobian = compiled(ag.grad(lstm_loss, argnums=(0, 1)))


INPUT = fields(main_params="2*l 4*w", extra_params="3 w", state="2*l w", sequence="t w")

FUNCTIONS = {
    "objective": Function(compiled(lstm_loss), INPUT),
    "jacobian": Function(lstm_jacobian, INPUT, flat),
}
