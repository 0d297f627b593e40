"""The engine in C: the same type as :mod:`autograd.core.value`, from the same table."""
