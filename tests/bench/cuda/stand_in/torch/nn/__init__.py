from . import functional, grad

__all__ = ["functional", "grad"]
