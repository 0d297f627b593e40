"""The engine in C: the same type as :mod:`autograd.value`, from the same table."""
