"""Optimizers: where 100 steps lead from the same beginning, in float64. Writes test/golden/optim.json."""

import torch
from common import camel_keys, write

torch.manual_seed(0)
X = torch.randn(5, 2)
Y = torch.tanh(torch.randn(5, 3))
W = torch.randn(3, 2)
B = torch.randn(3)
STEPS = 100
SHOWN = [1, 2, 10, 50, 100]

CASES = [
    ("SGD", dict(lr=0.1)),
    ("SGD", dict(lr=0.1, momentum=0.9, weight_decay=0.01)),
    ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.3)),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True)),
    ("SGD", dict(lr=0.01, momentum=0.5, maximize=True)),
    ("Adam", dict()),
    ("Adam", dict(lr=0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1)),
    ("Adam", dict(lr=0.05, amsgrad=True)),
    ("Adam", dict(lr=0.05, maximize=True)),
    ("AdamW", dict(lr=0.05)),
    ("AdamW", dict(lr=0.05, weight_decay=0.3, amsgrad=True)),
    ("AdamW", dict(lr=0.05, maximize=True)),
    ("Adamax", dict()),
    ("Adamax", dict(lr=0.05, betas=(0.8, 0.95), weight_decay=0.1)),
    ("Adamax", dict(lr=0.05, maximize=True)),
    ("NAdam", dict()),
    ("NAdam", dict(lr=0.01, betas=(0.8, 0.99), weight_decay=0.1, momentum_decay=0.01)),
    ("RAdam", dict()),
    ("RAdam", dict(lr=0.05, betas=(0.8, 0.95), weight_decay=0.1)),
    ("RMSprop", dict()),
    ("RMSprop", dict(lr=0.02, alpha=0.9, momentum=0.9, weight_decay=0.1)),
    ("RMSprop", dict(lr=0.02, centered=True)),
    ("RMSprop", dict(lr=0.02, centered=True, momentum=0.5, maximize=True)),
    ("Adagrad", dict()),
    ("Adagrad", dict(lr=0.1, lr_decay=0.05, weight_decay=0.1, initial_accumulator_value=0.2)),
    ("Adagrad", dict(lr=0.1, maximize=True)),
    ("Adadelta", dict()),
    ("Adadelta", dict(lr=0.5, rho=0.8, eps=1e-3, weight_decay=0.1)),
    ("Adadelta", dict(maximize=True)),
    ("Rprop", dict()),
    ("Rprop", dict(lr=0.1, etas=(0.6, 1.1), step_sizes=(1e-3, 0.5))),
    ("Rprop", dict(maximize=True)),
    ("ASGD", dict()),
    ("ASGD", dict(lr=0.1, lambd=0.01, alpha=0.5, t0=20, weight_decay=0.1)),
    ("ASGD", dict(lr=0.01, maximize=True)),
    ("LBFGS", dict(lr=0.1, max_iter=1)),
    ("LBFGS", dict(lr=0.3, max_iter=3, history_size=4)),
    ("LBFGS", dict(max_iter=2, line_search_fn="strong_wolfe")),
    ("LBFGS", dict(lr=0.01, max_iter=2, max_eval=4, line_search_fn="strong_wolfe", history_size=3)),
]


def run(name, options, groups):
    w, b = W.clone().requires_grad_(), B.clone().requires_grad_()
    params = [dict(params=[w]), dict(params=[b], lr=0.02)] if groups else [w, b]
    optimizer = getattr(torch.optim, name)(params, **options)

    def closure():
        optimizer.zero_grad()
        loss = ((torch.tanh(X @ w.T + b) - Y) ** 2).mean() + 0.02 * (w**2).sum()
        loss.backward()
        return loss

    shown = {}
    for step in range(1, STEPS + 1):
        loss = optimizer.step(closure)
        if step in SHOWN:
            values = w.flatten().tolist() + b.tolist()
            shown[step] = dict(loss=loss.item(), params=values)
    return dict(name=name, options=camel_keys(options), groups=groups, steps=shown)


cases = [run(name, options, False) for name, options in CASES]
cases += [run(name, {}, True) for name in ("Adam", "RMSprop", "Adagrad")]
write(
    "optim",
    dict(x=X.tolist(), y=Y.tolist(), w=W.tolist(), b=B.tolist(), cases=cases),
)
