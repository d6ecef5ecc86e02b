"""Training that steps back from a bad turn: `python training.py`.

Stochastic gradient descent with momentum on a small network. Its step is bold, and now and then the loss explodes. Every
ten epochs are marked; where the loss has more than doubled since, training goes back there with a smaller step. Weights, momentum and the
order of the batches are as they were: a checkpoint of everything, of which nobody had to make a list.
"""

import numpy as np

import crossroads

EPOCHS, BATCH = 60, 32


class Network:
    """One hidden layer, for numbers in and numbers out."""

    def __init__(self, rng, inputs, hidden):
        self.weights = [rng.normal(0, 1 / np.sqrt(inputs), (inputs, hidden)), rng.normal(0, 1 / np.sqrt(hidden), (hidden, 1))]
        self.momentum = [np.zeros_like(each) for each in self.weights]

    def loss(self, x, y):
        return float(np.mean((np.tanh(x @ self.weights[0]) @ self.weights[1] - y) ** 2))

    def learn(self, x, y, step):
        inner = np.tanh(x @ self.weights[0])
        error = 2 * (inner @ self.weights[1] - y) / len(x)
        gradients = [x.T @ (error @ self.weights[1].T * (1 - inner**2)), inner.T @ error]
        for weights, momentum, gradient in zip(self.weights, self.momentum, gradients, strict=True):
            momentum *= 0.9
            momentum -= step * gradient
            weights += momentum


def main():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(512, 6))
    y = np.sin(2 * x[:, :1]) + 0.5 * x[:, 1:2] * x[:, 2:3]
    network, step = Network(rng, 6, 40), 0.2
    for epoch in range(EPOCHS):
        if epoch % 10 == 0:
            here = crossroads.mark(f"epoch {epoch}")
            before = network.loss(x, y)
            for later, loss, step in here.memory:
                print(f"epoch {epoch}: the loss went from {before:.1f} to {loss:.1f} by epoch {later}; back with a step of {step:g}")
        order = rng.permutation(len(x))
        for begin in range(0, len(x), BATCH):
            rows = order[begin : begin + BATCH]
            network.learn(x[rows], y[rows], step)
        loss = network.loss(x, y)
        if not loss < 2 * before:
            crossroads.go_back(here, remember=(epoch, loss, step / 2), redraw=False)
    print(f"done: loss {network.loss(x, y):.3f}")


if __name__ == "__main__":
    with crossroads.ring():
        main()
