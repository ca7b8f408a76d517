"""The sample episode of `make demo`: a short, labelled episode with real people, made on the user's machine."""

from screenalytics.sample.errors import SampleError
from screenalytics.sample.make import Sample, make_sample
from screenalytics.sample.packages import default_cache_dir

__all__ = ["Sample", "SampleError", "default_cache_dir", "make_sample"]
