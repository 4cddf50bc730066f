"""Let NumPy, SciPy and OpenBLAS compute alike on every x86-64 processor. Takes effect when it is imported before them.

They choose their code by the processor, and with AVX-512 sums are added in another order than with AVX2: a model that
was trained on one machine came out with other last digits on the next. What follows settles on AVX2, which servers and
laptops have had since 2015. A variable that is set already stays as it is. Other kinds of processors heed neither.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
