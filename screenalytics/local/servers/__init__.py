"""The embedded servers of one machine: S3, Kafka, the MongoDB protocol and Triton as child processes."""

from screenalytics.local.servers.child import ChildProcess
from screenalytics.local.servers.errors import (
    DirectoryInUse,
    NotInstalled,
    PortTaken,
    ServerExited,
    ServerFailed,
    StackError,
)
from screenalytics.local.servers.preflight import Missing, check_installed
from screenalytics.local.servers.seaweedfs import SeaweedFS
from screenalytics.local.servers.secantusdb import SecantusDB
from screenalytics.local.servers.service import ServiceProcess
from screenalytics.local.servers.stack import Stack
from screenalytics.local.servers.supervisor import ChildEvent, ChildEventKind, Supervisor
from screenalytics.local.servers.tansu import Tansu
from screenalytics.local.servers.triton import Triton, TritonCommand

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
