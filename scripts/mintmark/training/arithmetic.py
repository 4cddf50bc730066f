"""Let NumPy, SciPy and OpenBLAS compute alike on every x86-64 processor. Takes effect when it is imported before them.

They choose their code by the processor, and with AVX-512 sums are added in another order than with AVX2: a model that
was trained on one machine came out with other last digits on the next. What follows settles on AVX2, which servers and
laptops have had since 2015. Other kinds of processors do not heed that.

OpenBLAS keeps to one thread: on the small tables of a search its threads wait for each other, and digits was tuned in
33 seconds with two of them and in 16 with one. A variable that is set already stays as it is.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
