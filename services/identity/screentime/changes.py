"""What one revision of the screen time changed, in sentences for people."""

from __future__ import annotations

from contracts.rows import ScreenTimeDocument


def describe_changes(
    previous: ScreenTimeDocument | None, current: ScreenTimeDocument, *, reason: str | None = None
) -> tuple[str, ...]:
    """Sentences that say how `current` differs from `previous`; empty for a first revision or when nothing differs.

    `reason` is why the episode was analysed again, where somebody said so.
    """
    if previous is None:
        return ()
    sentences = []
    if previous.run_id != current.run_id:
        sentences.append(
            "The episode was analysed again." if not reason else f"The episode was analysed again: {reason}"
        )
    sentences += _cast_changes(previous, current)
    if previous.run_id == current.run_id:
        sentences += _identity_changes(previous, current)
    sentences += _unidentified_changes(previous, current)
    return tuple(sentences)


def _cast_changes(previous: ScreenTimeDocument, current: ScreenTimeDocument) -> list[str]:
    before = {row.cast_id: row for row in previous.cast}
    after = {row.cast_id: row for row in current.cast}
    sentences = []
    for cast_id in sorted(before.keys() | after.keys()):
        old, new = before.get(cast_id), after.get(cast_id)
        if old is None and new is not None:
            sentences.append(f"{new.name} was added with {new.visible_s:.3f} s.")
        elif new is None and old is not None:
            sentences.append(f"{old.name} was removed (had {old.visible_s:.3f} s).")
        elif old is not None and new is not None:
            if old.visible_s != new.visible_s:
                gained = new.visible_s - old.visible_s
                sentences.append(f"{new.name}: {old.visible_s:.3f} s became {new.visible_s:.3f} s ({gained:+.3f} s).")
            elif old.intervals_s != new.intervals_s:
                sentences.append(f"{new.name}: the same {new.visible_s:.3f} s, at other times.")
            if old.name != new.name:
                sentences.append(f"{old.name} is now called {new.name}.")
    return sentences


def _identity_changes(previous: ScreenTimeDocument, current: ScreenTimeDocument) -> list[str]:
    """Identities that count for somebody else than before. Only within one run, where ids mean the same."""
    before, after = _owners(previous), _owners(current)
    pictures = [{row.identity_id for row in document.figures} for document in (previous, current)]
    names = {row.cast_id: row.name for row in (*previous.cast, *current.cast)}
    sentences = []
    for identity in sorted(before.keys() | after.keys()):
        old, new = before.get(identity), after.get(identity)
        if identity in pictures[1] - pictures[0]:
            sentences.append(f"{identity} is counted apart now, as a picture.")
        elif identity in pictures[0] - pictures[1] and identity in after and new is None:
            sentences.append(f"{identity} is counted among the people again.")
        elif identity not in after:
            sentences.append(f"{identity} no longer exists.")
        elif identity not in before:
            sentences.append(f"{identity} is new{'' if new is None else f' and counts for {names[new]}'}.")
        elif old != new:
            was = "was unidentified" if old is None else f"counted for {names[old]}"
            now = "is unidentified now" if new is None else f"counts for {names[new]} now"
            sentences.append(f"{identity} {now}; it {was}.")
    return sentences


def _owners(document: ScreenTimeDocument) -> dict[str, str | None]:
    """Identity id -> id of the cast member it counts for, None when unidentified."""
    owners: dict[str, str | None] = {row.identity_id: None for row in (*document.unidentified, *document.figures)}
    owners.update((identity, row.cast_id) for row in document.cast for identity in row.identity_ids)
    return owners


def _unidentified_changes(previous: ScreenTimeDocument, current: ScreenTimeDocument) -> list[str]:
    labels = {row.identity_id: row.label for row in previous.unidentified}
    sentences = [
        f"{row.identity_id} is called {row.label} now." if row.label else f"{row.identity_id} has no name any more."
        for row in current.unidentified
        if row.identity_id in labels and labels[row.identity_id] != row.label
    ]
    old, new = len(previous.unidentified), len(current.unidentified)
    return [*sentences, f"Unidentified people: {old} became {new}."] if old != new else sentences
