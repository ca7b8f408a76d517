"""The embedded servers of one machine: S3, Kafka, the MongoDB protocol and Triton as child processes."""

from screenalytics.stack.child import ChildProcess
from screenalytics.stack.errors import (
    DirectoryInUse,
    NotInstalled,
    PortTaken,
    ServerExited,
    ServerFailed,
    StackError,
)
from screenalytics.stack.preflight import Missing, check_installed
from screenalytics.stack.seaweedfs import SeaweedFS
from screenalytics.stack.secantusdb import SecantusDB
from screenalytics.stack.service import ServiceProcess
from screenalytics.stack.stack import Stack
from screenalytics.stack.supervisor import ChildEvent, ChildEventKind, Supervisor
from screenalytics.stack.tansu import Tansu
from screenalytics.stack.triton import Triton, TritonCommand

__all__ = [
    "ChildEvent",
    "ChildEventKind",
    "ChildProcess",
    "DirectoryInUse",
    "Missing",
    "NotInstalled",
    "PortTaken",
    "SeaweedFS",
    "SecantusDB",
    "ServerExited",
    "ServerFailed",
    "ServiceProcess",
    "Stack",
    "StackError",
    "Supervisor",
    "Tansu",
    "Triton",
    "TritonCommand",
    "check_installed",
]
