"""Schedules: learning rates and momenta of two groups over 100 steps. Writes test/golden/schedulers.json."""

import warnings

import torch
from common import camel_keys, write
from torch.optim import lr_scheduler as lr
from torch.optim.swa_utils import SWALR

warnings.simplefilter("ignore")

CASES = [
    ("StepLR", dict(step_size=7)),
    ("StepLR", dict(step_size=30, gamma=0.5)),
    ("MultiStepLR", dict(milestones=[30, 10, 10, 80])),
    ("ExponentialLR", dict(gamma=0.95)),
    ("ConstantLR", dict()),
    ("ConstantLR", dict(factor=0.5, total_iters=40)),
    ("LinearLR", dict()),
    ("LinearLR", dict(start_factor=0.9, end_factor=0.1, total_iters=70)),
    ("PolynomialLR", dict()),
    ("PolynomialLR", dict(total_iters=60, power=2.5)),
    ("CosineAnnealingLR", dict(T_max=20)),
    ("CosineAnnealingLR", dict(T_max=150, eta_min=0.01)),
    ("CosineAnnealingWarmRestarts", dict(T_0=10)),
    ("CosineAnnealingWarmRestarts", dict(T_0=5, T_mult=2, eta_min=0.001)),
    ("OneCycleLR", dict(max_lr=0.5, total_steps=100)),
    ("OneCycleLR", dict(max_lr=[0.5, 0.2], epochs=11, steps_per_epoch=10, pct_start=0.4, anneal_strategy="linear")),
    ("OneCycleLR", dict(max_lr=0.5, total_steps=120, three_phase=True, div_factor=10.0, final_div_factor=100.0)),
    ("OneCycleLR", dict(max_lr=0.5, total_steps=100, cycle_momentum=False)),
    ("CyclicLR", dict(base_lr=0.01, max_lr=0.3, step_size_up=8)),
    ("CyclicLR", dict(base_lr=[0.01, 0.02], max_lr=0.3, step_size_up=5, step_size_down=15, mode="triangular2")),
    ("CyclicLR", dict(base_lr=0.01, max_lr=0.3, step_size_up=10, mode="exp_range", gamma=0.98)),
    ("SWALR", dict(swa_lr=0.03)),
    ("SWALR", dict(swa_lr=[0.03, 0.2], anneal_epochs=50, anneal_strategy="linear")),
    ("SWALR", dict(swa_lr=0.03, anneal_epochs=0)),
    ("ReduceLROnPlateau", dict()),
    ("ReduceLROnPlateau", dict(mode="max", factor=0.5, patience=3, threshold=0.05, threshold_mode="abs", cooldown=4)),
    ("ReduceLROnPlateau", dict(factor=0.3, patience=2, min_lr=[1e-3, 5e-2])),
]


def optimizer_of(kind):
    w, b = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    groups = [dict(params=[w]), dict(params=[b], lr=0.4)]
    if kind == "Adam":
        return torch.optim.Adam(groups, lr=0.1)
    return torch.optim.SGD(groups, lr=0.1, momentum=0.5)


def metric(step):
    """Falls, and then no more."""
    return max(100 - step * 3, 40) + (step * 7 % 5) * 0.1


def trace(optimizer, scheduler, arguments=lambda step: ()):
    lrs, momenta = [], []
    for step in range(101):
        if step > 0:
            optimizer.step()
            scheduler.step(*arguments(step))
        lrs.append([group["lr"] for group in optimizer.param_groups])
        momenta.append([group["momentum"] if "momentum" in group else group["betas"][0] for group in optimizer.param_groups])
        if isinstance(scheduler, lr.OneCycleLR) and step == scheduler.total_steps - 1:
            break
    return dict(lrs=lrs, momenta=momenta)


def run(name, options, kind):
    optimizer = optimizer_of(kind)
    scheduler = SWALR(optimizer, **options) if name == "SWALR" else getattr(lr, name)(optimizer, **options)
    plateau = name == "ReduceLROnPlateau"
    shown = trace(optimizer, scheduler, (lambda step: (metric(step),)) if plateau else (lambda step: ()))
    return dict(name=name, options=camel_keys(options), optimizer=kind, **shown)


cases = [run(name, options, "SGD") for name, options in CASES]
cases += [run("OneCycleLR", dict(max_lr=0.5, total_steps=90), "Adam")]


def combined(make):
    optimizer = optimizer_of("SGD")
    return trace(optimizer, make(optimizer))


special = dict(
    by_lambda=combined(lambda o: lr.LambdaLR(o, [lambda n: 0.95**n, lambda n: 1 / (n + 1)])),
    multiplicative=combined(lambda o: lr.MultiplicativeLR(o, lambda n: 0.97 if n % 2 else 1.01)),
    sequential=combined(
        lambda o: lr.SequentialLR(
            o,
            [lr.LinearLR(o, start_factor=0.1, total_iters=10), lr.CosineAnnealingLR(o, 50), lr.ExponentialLR(o, 0.9)],
            milestones=[10, 60],
        )
    ),
    chained=combined(lambda o: lr.ChainedScheduler([lr.LinearLR(o, total_iters=20), lr.ExponentialLR(o, 0.97), lr.StepLR(o, 30)])),
    jumps=[],
)
for epoch in (0, 3, 12.5, 40, 41.25, 2):
    optimizer = optimizer_of("SGD")
    schedule = lr.CosineAnnealingWarmRestarts(optimizer, 5, 3)
    schedule.step(epoch)
    schedule.step()
    special["jumps"].append(dict(epoch=epoch, lrs=[group["lr"] for group in optimizer.param_groups]))
write("schedulers", dict(cases=cases, special=camel_keys(special), metrics=[metric(step) for step in range(101)]))
