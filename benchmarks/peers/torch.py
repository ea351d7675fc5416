"""PyTorch: the usual training loop on tensors in memory, with the fused Adam."""

import torch
from torch.nn import functional


class Peer:
    """PyTorch on so many threads."""

    def __init__(self, workload, x, y, weights, *, threads=1):
        self.workload = workload
        self.threads = threads
        torch.set_num_threads(threads)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        self.start = [torch.from_numpy(w) for w in weights]
        self.one_unit = workload.units[-1] == 1

    def reset(self):
        """A network on the weights of the start, and a fresh Adam with Keras's epsilon."""
        layers = []
        for W, b in zip(self.start[::2], self.start[1::2], strict=True):
            layer = torch.nn.Linear(*W.shape)
            layer.weight.data = W.T.clone(memory_format=torch.contiguous_format)
            layer.bias.data = b.clone()
            layers += [layer, torch.nn.ReLU()]
        self.net = torch.nn.Sequential(*layers[:-1])  # the last relu falls away
        self.optimizer = torch.optim.Adam(self.net.parameters(), eps=1e-7, fused=True)
        self.t = 0

    def run(self, *, shuffle=True):
        """The mean loss of each epoch, or the predictions (rows, outputs)."""
        if self.workload.task == "predict":
            with torch.inference_mode():
                return self.net(self._scaled(self.x)).softmax(1).numpy()
        return [self._epoch(shuffle) for _ in range(self.workload.epochs)]

    def _epoch(self, shuffle):
        rows = len(self.x)
        order = torch.randperm(rows) if shuffle else torch.arange(rows)
        total = torch.zeros(())
        for batch in order.split(self.workload.batch_size):
            if not shuffle:
                self._move_epsilon()
            self.optimizer.zero_grad()
            loss = self._loss(self.net(self._scaled(self.x[batch])), self.y[batch])
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(batch)
        return total.item() / rows

    def _move_epsilon(self):
        """Let epsilon weigh what it weighs in Keras.

        PyTorch adds it to the square root of v / (1 - 0.999^t), Keras and Kingma's section 2
        to that of v itself. In a narrow net that decides which ReLUs die early, so in the given
        order, in which peers are compared and not timed, it is made the same.
        """
        self.t += 1
        self.optimizer.param_groups[0]["eps"] = 1e-7 / (1 - 0.999**self.t) ** 0.5

    def _loss(self, z, y):
        if self.one_unit:
            return functional.binary_cross_entropy_with_logits(z[:, 0], y.float())
        return functional.cross_entropy(z, y)

    def _scaled(self, x):
        return x.float() / 255 if x.dtype == torch.uint8 else x
