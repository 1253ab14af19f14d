"""Values of special functions, for test/special.test.ts."""

import torch

from common import write

x = torch.tensor([-12.3, -5.5, -2.5, -1.7, -1e-3, 1e-8, 0.1, 0.3, 0.5, 0.9, 1, 1.5, 2, 3, 7.7, 12, 17.9, 18.1, 40, 100])
positive = x[x > 0]
probabilities = torch.tensor([1e-300, 1e-20, 1e-5, 0.01, 0.3, 0.5, 0.7, 0.99])
inside = torch.tensor([-0.9, -0.5, -1e-9, 0.2, 0.50001, 0.99])
special = torch.special


def values(function, inputs):
    # JSON has no infinities.
    return {"x": inputs.tolist(), "y": [str(y) for y in function(inputs).tolist()]}


write(
    "special",
    {
        "functions": {
            "erfc": values(torch.erfc, x),
            "special.erfcx": values(special.erfcx, x),
            "lgamma": values(torch.lgamma, x),
            "digamma": values(torch.digamma, x),
            "i0": values(torch.i0, x),
            "special.i0e": values(special.i0e, x),
            "special.i1": values(special.i1, x),
            "special.i1e": values(special.i1e, x),
            "special.ndtri": values(special.ndtri, probabilities),
            "special.logNdtr": values(special.log_ndtr, x),
            "special.entr": values(special.entr, x),
            "erfinv": values(torch.erfinv, inside),
            "trigamma": values(lambda p: torch.polygamma(1, p), positive),
            "tetragamma": values(lambda p: torch.polygamma(2, p), positive),
        }
    },
)
