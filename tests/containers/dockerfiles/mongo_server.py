"""`mongod` of a stand-in image: the embedded server, and before it what it lacks of the real one.

That is: access control (SCRAM-SHA-256, users, roles), a key file that must belong to the server alone, and a replica set
that has to be initiated and then calls itself by its members' names. Documents are the embedded server's own business.

    mongo_server.py --replSet rs0 --keyFile FILE …        (other options of mongod are passed over)
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import bson

from tests.containers.dockerfiles.scram import Conversation, Credential
from tests.support.mongo_rights import HEADER, OP_MSG, answer, command_of, refusal

OP_REPLY, OP_QUERY = 1, 2004
PORT, INSIDE = 27017, 27018
DATA = Path("/data/db")
UNAUTHORIZED, AUTHENTICATION_FAILED, NOT_YET_INITIALIZED, ALREADY_INITIALIZED, NOT_WRITABLE = 13, 18, 94, 23, 10107
HELLO = frozenset({"hello", "ismaster", "isMaster"})
OPEN = HELLO | {
    "ping",
    "buildInfo",
    "buildinfo",
    "saslStart",
    "saslContinue",
    "connectionStatus",
    "endSessions",
    "logout",
}
"""What may be sent before anybody has said who they are."""


class State:
    """Users, roles and whether the set was initiated; kept in a file beside the data."""

    def __init__(self, path: Path, *, replica_set: str, guarded: bool) -> None:
        self._path = path
        self.replica_set = replica_set
        self.guarded = guarded
        self.members: list[str] = []
        self.users: dict[str, dict[str, Any]] = {}
        self.roles: dict[str, dict[str, Any]] = {}
        if path.exists():
            kept = json.loads(path.read_text())
            self.members, self.users, self.roles = kept["members"], kept["users"], kept["roles"]

    def keep(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"members": self.members, "users": self.users, "roles": self.roles}))
        new.replace(self._path)

    def put_user(self, key: str, password: str | None, roles: list[dict[str, str]]) -> None:
        """Make or change an account; without a password the old one stays."""
        old = self.users.get(key, {})
        credential = asdict(Credential.of(password)) if password is not None else old["credential"]
        self.users[key] = {"credential": credential, "roles": roles}
        self.keep()

    def granted(self, key: str, database: str) -> dict[str, frozenset[str]] | None:
        """Collection -> actions in a database; None for an administrator, who may do everything."""
        collected: dict[str, set[str]] = {}
        for role in self.users[key]["roles"]:
            if role == {"role": "root", "db": "admin"}:
                return None
            for privilege in self.roles.get(f"{role['db']}.{role['role']}", {}).get("privileges", []):
                if privilege["resource"]["db"] == database:
                    collected.setdefault(privilege["resource"]["collection"], set()).update(privilege["actions"])
        return {name: frozenset(actions) for name, actions in collected.items()}


class Client:
    """One connection: what it has proved, and the connection to the embedded server behind it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._user: str | None = None
        self._claimed = ""
        self._conversation = Conversation()
        self._own: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "saslStart": self._start,
            "saslContinue": self._continue,
            "connectionStatus": lambda _: {"authInfo": {"authenticatedUsers": [], "authenticatedUserRoles": []}},
            "logout": lambda _: {},
            "replSetGetStatus": self._set_status,
            "replSetInitiate": self._initiate,
            "createUser": self._create_user,
            "updateUser": self._update_user,
            "usersInfo": self._users_info,
            "createRole": self._put_role,
            "updateRole": self._put_role,
            "rolesInfo": self._roles_info,
        }

    def own_answer(self, command: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a command that is not the embedded server's, or a refusal; None lets it through."""
        name = next(iter(command))
        if name in HELLO or name in OPEN - set(self._own):
            return None
        if name not in OPEN and self._state.guarded:
            if self._user is None:
                return failed(UNAUTHORIZED, f"command {name} requires authentication")
            granted = self._state.granted(self._user, command["$db"])
            if granted is not None and (why := refusal(command, granted)) is not None:
                return failed(UNAUTHORIZED, why)
        if name in self._own:
            return {"ok": 1.0} | self._own[name](command)
        if not self._state.members and name in {
            "insert",
            "update",
            "delete",
            "findAndModify",
            "createIndexes",
            "create",
        }:
            return failed(NOT_WRITABLE, "not primary: the replica set was not initiated")
        return None

    def hello(self, command: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
        """The embedded server's description of itself as a member of our set describes itself."""
        for key in ("setName", "hosts", "primary", "me", "setVersion", "electionId", "compression", "topologyVersion"):
            said.pop(key, None)
        said.pop("speculativeAuthenticate", None)
        members = self._state.members
        primary = bool(members)
        said |= {"isWritablePrimary" if "hello" in command else "ismaster": primary, "secondary": False}
        if members:
            said |= {"setName": self._state.replica_set, "hosts": members, "primary": members[0], "me": members[0]}
            said |= {"setVersion": 1}
        else:
            said |= {"isreplicaset": True, "info": "Does not have a valid replica set config"}
        if "saslSupportedMechs" in command:
            said["saslSupportedMechs"] = ["SCRAM-SHA-256"]
        return said

    def _start(self, command: dict[str, Any]) -> dict[str, Any]:
        message = bytes(command["payload"]).decode()
        self._claimed = f"{command['$db']}.{Conversation.name_in(message)}"
        if command["mechanism"] != "SCRAM-SHA-256" or self._claimed not in self._state.users:
            return failed(AUTHENTICATION_FAILED, "Authentication failed.")
        self._conversation = Conversation()
        reply = self._conversation.first(message, self._credential())
        return {"conversationId": 1, "done": False, "payload": reply.encode()}

    def _continue(self, command: dict[str, Any]) -> dict[str, Any]:
        message = bytes(command["payload"]).decode()
        if not message:
            return {"conversationId": 1, "done": True, "payload": b""}
        reply = self._conversation.final(message, self._credential())
        if reply is None:
            return failed(AUTHENTICATION_FAILED, "Authentication failed.")
        self._user = self._claimed
        return {"conversationId": 1, "done": True, "payload": reply.encode()}

    def _credential(self) -> Credential:
        return Credential(**self._state.users[self._claimed]["credential"])

    def _set_status(self, _: dict[str, Any]) -> dict[str, Any]:
        if not self._state.members:
            return failed(NOT_YET_INITIALIZED, "no replset config has been received")
        members = [{"_id": 0, "name": self._state.members[0], "health": 1.0, "state": 1, "stateStr": "PRIMARY"}]
        return {"set": self._state.replica_set, "myState": 1, "members": members}

    def _initiate(self, command: dict[str, Any]) -> dict[str, Any]:
        if self._state.members:
            return failed(ALREADY_INITIALIZED, "already initialized")
        configuration = command["replSetInitiate"]
        if configuration["_id"] != self._state.replica_set:
            return failed(93, f"the set is called {self._state.replica_set}")
        self._state.members = [member["host"] for member in configuration["members"]]
        self._state.keep()
        return {}

    def _create_user(self, command: dict[str, Any]) -> dict[str, Any]:
        key = f"{command['$db']}.{command['createUser']}"
        if key in self._state.users:
            return failed(51003, f'User "{key}" already exists')
        self._state.put_user(key, command["pwd"], command["roles"])
        return {}

    def _update_user(self, command: dict[str, Any]) -> dict[str, Any]:
        key = f"{command['$db']}.{command['updateUser']}"
        if key not in self._state.users:
            return failed(11, f"User {key} not found")
        self._state.put_user(key, command.get("pwd"), command["roles"])
        return {}

    def _users_info(self, command: dict[str, Any]) -> dict[str, Any]:
        asked = command["usersInfo"]
        name, database = (asked, command["$db"]) if isinstance(asked, str) else (asked["user"], asked["db"])
        found = self._state.users.get(f"{database}.{name}")
        user = {"_id": f"{database}.{name}", "user": name, "db": database}
        return {"users": [user | {"roles": found["roles"]}] if found else []}

    def _put_role(self, command: dict[str, Any]) -> dict[str, Any]:
        kind = next(iter(command))
        key = f"{command['$db']}.{command[kind]}"
        if (key in self._state.roles) == (kind == "createRole"):
            return failed(51002 if kind == "createRole" else 31, f"Role {key}: {kind} does not fit")
        self._state.roles[key] = {"privileges": command["privileges"]}
        self._state.keep()
        return {}

    def _roles_info(self, command: dict[str, Any]) -> dict[str, Any]:
        asked = command["rolesInfo"]
        name, database = (asked, command["$db"]) if isinstance(asked, str) else (asked["role"], asked["db"])
        known = f"{database}.{name}" in self._state.roles
        return {"roles": [{"role": name, "db": database, "isBuiltin": False, "roles": []}] if known else []}


def failed(code: int, message: str) -> dict[str, Any]:
    """An answer that says no."""
    return {"ok": 0.0, "errmsg": message, "code": code, "codeName": "Unauthorized" if code == UNAUTHORIZED else "Error"}


async def serve(state: State, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry a connection's commands to the embedded server one after another."""
    inside_reader, inside_writer = await asyncio.open_connection("127.0.0.1", INSIDE)
    client = Client(state)
    try:
        while True:
            head = await reader.readexactly(HEADER.size)
            length, request, _, code = HEADER.unpack(head)
            body = await reader.readexactly(length - HEADER.size)
            command = command_of(body) if code == OP_MSG else query_of(body)
            own = client.own_answer(command)
            if own is None:
                inside_writer.write(head + body)
                reply = await message_from(inside_reader)
                if next(iter(command)) in HELLO:
                    reply = rewritten(reply, request, partial(client.hello, command))
            else:
                reply = answer(request, own)
            writer.write(reply)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        inside_writer.close()
        writer.close()


async def message_from(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(HEADER.size)
    return head + await reader.readexactly(HEADER.unpack(head)[0] - HEADER.size)


def query_of(body: bytes) -> dict[str, Any]:
    """The command of an OP_QUERY, which drivers shake hands with."""
    end = body.index(b"\0", 4) + 1 + 8
    (size,) = struct.unpack_from("<i", body, end)
    return dict(bson.decode(body[end : end + size]))


def rewritten(reply: bytes, request: int, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    """An answer with its document changed, in the form that it came in."""
    *_, code = HEADER.unpack_from(reply)
    if code == OP_MSG:
        return answer(request, change(command_of(reply[HEADER.size :])))
    body = reply[HEADER.size : HEADER.size + 20] + bson.encode(change(dict(bson.decode(reply[HEADER.size + 20 :]))))
    return HEADER.pack(HEADER.size + len(body), 0, request, OP_REPLY) + body


def check_key_file(path: Path) -> None:
    """As mongod does: the key is the server's alone, or it does not start."""
    about = path.stat()
    if about.st_uid != os.getuid() or stat.S_IMODE(about.st_mode) & 0o077:
        sys.exit(f"permissions on {path} are too open")


async def main(arguments: list[str]) -> None:
    options = dict(pairwise(arguments))
    if "--keyFile" in options:
        check_key_file(Path(options["--keyFile"]))
    state = State(DATA / "standin.json", replica_set=options["--replSet"], guarded="--keyFile" in options)
    if state.guarded:
        root = f"admin.{os.environ['MONGO_INITDB_ROOT_USERNAME']}"
        state.put_user(root, os.environ["MONGO_INITDB_ROOT_PASSWORD"], [{"role": "root", "db": "admin"}])
    (DATA / "secantusd.toml").touch()
    inside = await asyncio.create_subprocess_exec(
        "/opt/embedded/bin/secantusd-py",
        f"--config={DATA / 'secantusd.toml'}",
        "--host=127.0.0.1",
        f"--port={INSIDE}",
        f"--storage-path={DATA / 'documents'}",
        "--log-level=WARNING",
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, inside.terminate)
    listening = await asyncio.start_server(lambda reader, writer: serve(state, reader, writer), "0.0.0.0", PORT)
    async with listening:
        raise SystemExit(await inside.wait())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
