"""Statements: what is signed is what is read, a changed byte anywhere is named, and no key vouches for itself."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from chassis.errors import BadInput
from screenalytics.commands.verify import printable_report, verify_statement
from screenalytics.proof.envelope import keyid_of, make_key, open_envelope, read_private_key, sign
from screenalytics.proof.statement import Decision, Revision, make_statement
from screenalytics.proof.verification import verify
from services.identity.exports.tables import to_json_bytes
from tests.support.exported_episode import EP, exported_episode

PAGE = Path(__file__).parents[4] / "docs" / "proof.md"
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CONTENT = {"screen_time.json": to_json_bytes(exported_episode()), "tracks.jsonl": b"{}\n", "report.html": b"<html>"}
VIDEO = b"a video"
DECISIONS = (
    Decision(
        log="links",
        version=1,
        at="2026-03-01T12:00:00+00:00",
        who="otto",
        action="link",
        what="identity-00002 is jose",
        why="credits",
        in_force=True,
    ),
    Decision(
        log="edits",
        version=1,
        at="2026-03-01T11:00:00+00:00",
        who="ida",
        action="apply",
        what="merge identity-00004 into identity-00001",
        why=None,
        in_force=False,
    ),
)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def revision(**changes: Any) -> Revision:
    known = Revision(
        ep_id=EP,
        run_id="01JGFJJZ00ABCDEFGHJKMNPQR0",
        number=3,
        reported_at="2026-03-01T12:00:05+00:00",
        video_sha256=sha(VIDEO),
        video_name="harbour-lights.mov",
        files={name: sha(data) for name, data in CONTENT.items()},
        document=json.loads(CONTENT["screen_time.json"]) | {"models": {"detector": "yunet", "embedder": "sface"}},
        grouping_revision=2,
        edits_version=2,
        links_version=1,
    )
    return replace(known, **changes)


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """A statement with video, files and public key beside it, as `run` and `proof` leave them."""
    (tmp_path / "out" / "manifests").mkdir(parents=True)
    for name, data in CONTENT.items():
        place = tmp_path / "out" if name != "tracks.jsonl" else tmp_path / "out" / "manifests"
        (place / name).write_bytes(data)
    (tmp_path / "video.mov").write_bytes(VIDEO)
    signed = sign(make_statement(revision(), DECISIONS, at=AT), KEY)
    (tmp_path / "key.pub").write_text(json.loads(signed)["signatures"][0]["public_key"])
    statement = tmp_path / "proof.json"
    statement.write_text(signed)
    return statement


def verdicts(proof: Path, **more: Any) -> dict[str, str]:
    folder = proof.parent
    given = {"key": folder / "key.pub", "video": folder / "video.mov", "files": folder / "out"} | more
    return {one.what: one.verdict for one in verify(proof, **given)[1]}


def test_everything_that_was_stated_is_found(proof: Path) -> None:
    assert set(verdicts(proof).values()) == {"ok"} and set(verdicts(proof)) == {"video", *CONTENT}
    assert verify_statement(proof, key=None, video=None, files=None, as_json=True) == 0
    assert set(verdicts(proof, video=None, files=None).values()) == {"unchecked"}


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ("video.mov", {"video": "wrong"}),
        ("out/report.html", {"report.html": "wrong"}),
        ("out/manifests/tracks.jsonl", {"tracks.jsonl": "wrong"}),
    ],
)
def test_a_changed_byte_is_named_where_it_is(proof: Path, changed: str, named: dict[str, str]) -> None:
    path = proof.parent / changed
    path.write_bytes(path.read_bytes() + b" ")
    assert {what: verdict for what, verdict in verdicts(proof).items() if verdict != "ok"} == named
    assert (
        verify_statement(proof, key=None, video=proof.parent / "video.mov", files=proof.parent / "out", as_json=False)
        == 1
    )


def test_other_seconds_are_named_by_person(proof: Path) -> None:
    path = proof.parent / "out" / "screen_time.json"
    document = json.loads(path.read_text())
    document["cast"][1]["visible_s"] = 400.0
    path.write_text(json.dumps(document))
    found = {one.what: one for one in verify(proof, key=None, video=None, files=proof.parent / "out")[1]}
    assert found["screen_time.json"].verdict == found["seconds of jose"].verdict == "wrong"
    assert found["seconds of jose"].said == "stated 4.000 s, the file says 400.000 s"
    path.unlink()
    assert verdicts(proof)["screen_time.json"] == "missing"


def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def apply(envelope: dict[str, Any]) -> None:
        payload = json.loads(base64.b64decode(envelope["payload"]))
        change(payload)
        envelope["payload"] = base64.b64encode(json.dumps(payload).encode()).decode()

    return apply


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (edited(lambda payload: payload["predicate"].update(signed_off={"who": "me"})), "signature_wrong"),
        (edited(lambda payload: payload["predicate"]["decisions"].clear()), "signature_wrong"),
        (lambda envelope: envelope.update(payloadType="text/plain"), "not_a_proof"),
        (lambda envelope: envelope.update(signatures=[]), "signature_wrong"),
        (lambda envelope: envelope["signatures"][0].update(sig="AAAA"), "signature_wrong"),
        (lambda envelope: envelope["signatures"][0].update(sig="ä"), "not_a_proof"),
        (lambda envelope: envelope.pop("payload"), "not_a_proof"),
    ],
)
def test_a_changed_statement_is_none(proof: Path, change: Callable[[dict[str, Any]], None], code: str) -> None:
    envelope = json.loads(proof.read_text())
    change(envelope)
    proof.write_text(json.dumps(envelope))
    for key in (None, proof.parent / "key.pub"):
        with pytest.raises(BadInput) as refused:
            verify(proof, key=key, video=None, files=None)
        assert refused.value.code == code


def test_a_statement_signed_by_somebody_else_is_not_vouched_for(proof: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.pem"
    public = make_key(mine)
    assert stat.S_IMODE(mine.stat().st_mode) == 0o600
    with pytest.raises(BadInput) as refused:
        make_key(mine)
    assert refused.value.code == "key_exists"
    proof.write_text(sign(make_statement(revision(), (), at=AT), read_private_key(mine)))
    with pytest.raises(BadInput) as refused:
        verify(proof, key=proof.parent / "key.pub", video=None, files=None)
    assert refused.value.code == "signature_wrong"
    assert verify(proof, key=public, video=None, files=None)[0].vouched
    opened, findings = verify(proof, key=None, video=None, files=None)
    assert not opened.vouched and "name one you trust" in printable_report(opened, findings)


def test_the_signature_is_that_of_the_protocol() -> None:
    signed = json.loads(sign({"a": "ä"}, KEY))
    body = base64.b64decode(signed["payload"])
    kind = signed["payloadType"]
    one = signed["signatures"][0]
    key = load_pem_public_key(one["public_key"].encode())
    key.verify(  # type: ignore[union-attr, call-arg]
        base64.b64decode(one["sig"]), f"DSSEv1 {len(kind)} {kind} {len(body)} ".encode() + body
    )
    assert body.decode() == '{"a":"ä"}' and one["keyid"] == keyid_of(KEY.public_key())
    assert open_envelope(json.dumps(signed), None).payload == {"a": "ä"}


def test_a_key_of_another_kind_and_another_file_are_refused(tmp_path: Path, proof: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    with pytest.raises(BadInput, match="is no private key"):
        read_private_key(tmp_path / "no.pem")
    with pytest.raises(BadInput, match="is no public Ed25519 key"):
        verify(proof, key=tmp_path / "no.pem", video=None, files=None)
    with pytest.raises(BadInput, match="is not there"):
        verify(proof, key=None, video=tmp_path / "nowhere.mov", files=None)
    proof.write_text(sign({"_type": "something else"}, KEY))
    with pytest.raises(BadInput, match="no statement about a revision"):
        verify(proof, key=None, video=None, files=None)


def test_decisions_after_the_revision_are_not_in_it() -> None:
    stated = make_statement(revision(links_version=0), DECISIONS, at=AT)["predicate"]["decisions"]
    assert [one["who"] for one in stated] == ["ida"]
    assert (
        make_statement(revision(edits_version=None, links_version=None), DECISIONS, at=AT)["predicate"]["decisions"]
        == []
    )


def test_a_name_never_leads_out_of_the_folder(proof: Path) -> None:
    stolen = revision(files={"../video.mov": sha(VIDEO)})
    proof.write_text(sign(make_statement(stolen, (), at=AT), KEY))
    assert verdicts(proof)["../video.mov"] == "missing"


def test_who_signed_it_off_is_told() -> None:
    signed = sign(make_statement(revision(sign_off={"who": "ida", "at": "2026-03-02"}), (), at=AT), KEY)
    assert "signed off by ida at 2026-03-02" in printable_report(open_envelope(signed, None), [])


def test_the_example_of_the_page_is_what_is_printed(proof: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.search(r"```text\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL)
    assert example is not None
    report = proof.parent / "out" / "report.html"
    report.write_bytes(b"<html>another")
    monkeypatch.chdir(proof.parent)
    printed = printable_report(
        *verify(Path("proof.json"), key=Path("key.pub"), video=Path("video.mov"), files=Path("out"))
    )
    assert printed == example[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: payload.pop("predicate"),
        lambda payload: payload.update(subject=[{"name": "video"}]),
        lambda payload: payload["predicate"].pop("decisions"),
        lambda payload: payload["predicate"].update(models=["face"]),
        lambda payload: payload["predicate"].update(cast=[{}]),
        lambda payload: payload["predicate"].update(signed_off="yes"),
    ],
)
def test_a_rightly_signed_statement_without_its_fields_is_none(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any]
) -> None:
    make_key(tmp_path / "own.pem")
    payload = json.loads(json.dumps(make_statement(revision(), (), at=AT)))
    change(payload)
    made = tmp_path / "made.json"
    made.write_text(sign(payload, read_private_key(tmp_path / "own.pem")))
    with pytest.raises(BadInput) as refused:
        verify(made, key=None, video=None, files=None)
    assert refused.value.code == "not_a_proof"


def test_brackets_without_end_are_no_statement(tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 100_000)
    with pytest.raises(BadInput) as refused:
        verify(deep, key=None, video=None, files=None)
    assert refused.value.code == "not_a_proof"
