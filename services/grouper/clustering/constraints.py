"""Which tracks must and which cannot be one person, kept free of contradictions.

The invariant everything leans on: two items with a cannot-link are never in one group. Whoever speaks first wins;
a later constraint that contradicts is refused and reported to the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contracts.rows import TrackRow
from services.grouper.tracks.geometry import box_at, box_overlap, time_overlap


class Constraints:
    """Groups of items (0 .. `items` - 1) that belong together, and which groups exclude each other."""

    def __init__(self, items: int) -> None:
        self._parents = list(range(items))
        self._excluded: list[set[int]] = [set() for _ in range(items)]
        self._closed: set[int] = set()

    def __len__(self) -> int:
        return len(self._parents)

    def copy(self) -> Constraints:
        """The same constraints, to go on from without changing these."""
        twin = Constraints(0)
        twin._parents = list(self._parents)
        twin._excluded = [set(excluded) for excluded in self._excluded]
        twin._closed = set(self._closed)
        return twin

    def group_of(self, item: int) -> int:
        """The item that stands for the group: its smallest."""
        root = item
        while self._parents[root] != root:
            root = self._parents[root]
        while self._parents[item] != root:
            self._parents[item], item = root, self._parents[item]
        return root

    def forbidden(self, first: int, second: int) -> bool:
        """Whether the groups of two items may not become one."""
        one, other = self.group_of(first), self.group_of(second)
        if one == other:
            return False
        return other in self._excluded[one] or one in self._closed or other in self._closed

    def compatible(self, items: Iterable[int]) -> bool:
        """Whether nothing forbids that all of them become one group."""
        groups = {self.group_of(item) for item in items}
        return len(groups) < 2 or (
            self._closed.isdisjoint(groups) and all(self._excluded[group].isdisjoint(groups) for group in groups)
        )

    def must_link(self, first: int, second: int) -> bool:
        """Puts two items into one group; False when that is forbidden."""
        if self.forbidden(first, second):
            return False
        kept, gone = sorted((self.group_of(first), self.group_of(second)))
        if kept != gone:
            self._parents[gone] = kept
            for excluded in self._excluded[gone]:
                self._excluded[excluded].discard(gone)
                self._excluded[excluded].add(kept)
            self._excluded[kept] |= self._excluded[gone]
            self._excluded[gone] = set()
        return True

    def must_link_all(self, items: Iterable[int]) -> bool:
        """Puts as many of the items together as is allowed; False when some stay apart."""
        anchors: list[int] = []
        for item in items:
            if not any(self.must_link(anchor, item) for anchor in anchors):
                anchors.append(item)
        return len(anchors) < 2

    def cannot_link(self, first: int, second: int) -> bool:
        """Keeps two items apart; False when they are in one group already."""
        one, other = self.group_of(first), self.group_of(second)
        if one == other:
            return False
        self._excluded[one].add(other)
        self._excluded[other].add(one)
        return True

    def close(self, item: int) -> None:
        """Nothing joins the item's group any more."""
        self._closed.add(self.group_of(item))

    def groups(self) -> list[list[int]]:
        """All groups in order of their smallest item, members ascending."""
        members: dict[int, list[int]] = {}
        for item in range(len(self._parents)):
            members.setdefault(self.group_of(item), []).append(item)
        return [members[root] for root in sorted(members)]

    def exclusions(self) -> list[tuple[int, int]]:
        """Pairs of groups that exclude each other, each pair once, named by their smallest items, ascending."""
        roots = [group[0] for group in self.groups()]
        pairs = {(root, other) for root in roots for other in self._excluded[root] if root < other}
        for closed in self._closed:
            pairs |= {(min(closed, root), max(closed, root)) for root in roots if root != closed}
        return sorted(pairs)


def simultaneous_pairs(
    tracks: Sequence[TrackRow], *, min_overlap_s: float, one_place_overlap: float
) -> list[tuple[int, int]]:
    """Positions of tracks on screen together for longer than that: two faces in one frame are two people.

    A track may pause while another one follows the same face. Two people's boxes do not overlap by more than
    `one_place_overlap` all the time, so such pairs are left for the vectors to decide.
    """
    order = sorted(range(len(tracks)), key=lambda index: (tracks[index].start_s, index))
    visible: list[int] = []
    pairs: list[tuple[int, int]] = []
    for current in order:
        track = tracks[current]
        visible = [other for other in visible if tracks[other].end_s - track.start_s > min_overlap_s]
        for other in visible:
            shared = time_overlap(track, tracks[other])
            if shared > min_overlap_s and not _at_one_place(track, tracks[other], one_place_overlap):
                pairs.append((min(current, other), max(current, other)))
        visible.append(current)
    return sorted(pairs)


def _at_one_place(first: TrackRow, second: TrackRow, min_overlap: float) -> bool:
    """Whether the boxes overlap that much from the beginning to the end of the time both are there."""
    begin, end = max(first.start_s, second.start_s), min(first.end_s, second.end_s)
    times = (begin, (begin + end) / 2, end)
    return all(box_overlap(box_at(first, time), box_at(second, time)) > min_overlap for time in times)
