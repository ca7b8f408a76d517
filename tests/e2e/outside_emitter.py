"""An emitter that knows nothing but the published contract: S3, Kafka and JSON. It imports nothing of the project.

Reads its task from the first argument (JSON), uploads the video, says `episode.uploaded`, waits for the result, and
prints the screen time document.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

HEARD = ("run.started", "episode.failed", "screentime.reported")
PROJECT = {"contracts", "chassis", "services", "screenalytics"}


def upload(task: dict[str, Any], s3: Any) -> dict[str, Any]:
    """Put the video into the bucket; returns what the event says about it."""
    data = Path(task["video"]).read_bytes()
    key = f"raw/videos/{task['ep_id']}/outside.mp4"
    s3.put_object(Bucket=task["bucket"], Key=key, Body=data, ContentType="video/mp4")
    return {"uri": f"s3://{task['bucket']}/{key}", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


async def follow(consumer: AIOKafkaConsumer, event_id: str) -> dict[str, Any]:
    """The report of the run that our upload started."""
    run_id = None
    async for record in consumer:
        said = json.loads(record.value)
        if record.topic == "run.started" and said["upload_event_id"] == event_id:
            run_id = said["run_id"]
        elif record.topic == "episode.failed" and event_id in {said["upload_event_id"], said["run_id"]}:
            raise RuntimeError(said["message"])
        elif record.topic == "screentime.reported" and said["run_id"] == run_id:
            return dict(said)
    raise RuntimeError("the consumer ended")


async def main() -> None:
    task = json.loads(sys.argv[1])
    s3 = boto3.client("s3", **task["s3"])
    video = upload(task, s3)
    event_id = str(uuid.uuid4())
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_type": "screenalytics.episode.uploaded.v1",
        "ce_source": "/outside",
        "ce_time": datetime.now(UTC).isoformat(),
        "content-type": "application/json",
        "traceparent": task["traceparent"],
    }
    value = json.dumps({"ep_id": task["ep_id"].upper(), "video": video, "profile": "low_power", "theirs": 1}).encode()
    consumer = AIOKafkaConsumer(*HEARD, bootstrap_servers=task["kafka"], auto_offset_reset="earliest")
    async with consumer, AIOKafkaProducer(bootstrap_servers=task["kafka"]) as producer:
        await producer.send_and_wait(
            "episode.uploaded", value, headers=[(name, text.encode()) for name, text in headers.items()]
        )
        report = await asyncio.wait_for(follow(consumer, event_id), 120)
    bucket, _, key = report["manifests"]["screen_time.json"]["uri"].removeprefix("s3://").partition("/")
    document = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if PROJECT & set(sys.modules):
        raise RuntimeError("something of the project was imported")
    print(json.dumps({"report": report, "document": json.loads(document)}))


asyncio.run(main())
