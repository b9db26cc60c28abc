"""Make what is missing: each key once, in child processes, published by the parent as soon as it is done."""

from scenebuild.generate.make import Failure, TakeOrder, make_takes

__all__ = ["Failure", "TakeOrder", "make_takes"]
