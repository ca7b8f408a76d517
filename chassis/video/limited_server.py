"""Loaded last by the server that children are forked from: what is the same for all of them.

What is loaded by then is taken out of the collector's sight: a collection that looked at it in a child would copy the
pages it lies on. OpenCV gets one thread: a child that decodes has other work for the cores, and threads that wait for
rows of a picture spin (0.057 CPU seconds of a second of 720p instead of 0.064, and a third less by the clock).
"""

from __future__ import annotations

import gc

import cv2

cv2.setNumThreads(1)
gc.collect()
gc.freeze()
