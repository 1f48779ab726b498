"""Drives chatd for irctest. Give its name with --controller, its directory with PYTHONPATH.

The programs are taken from $CHATD_TEST_BINARIES, else from PATH.
"""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Optional, Set, Type

from irctest import cases
from irctest.basecontrollers import BaseServerController, DirectoryBasedController
from irctest.runner import NotImplementedByController
from irctest.specifications import Capabilities, OptionalBehaviors

CONFIGURATION = """\
[server]
name = "My.Little.Server"
description = "test server"
network = "testnet"
{password}

[[listen]]
tcp = {address}
insecure = true
guests = true

[admin]
socket = {admin_socket}

[lobby]
auto-join = false

[accounts]
reserve-logins = false
nick-equals-account = false
register-before-connect = {register_before_connect}
require-email = {require_email}

[limits]
multiline-bytes = 4096
multiline-lines = 32
connections-per-address = 10000
messages-per-second = 0
work-per-second = 0
login-attempts = 1000
registrations-per-address = 10000

[[operator]]
name = "operuser"
password-hash = {operator_password}
"""


def program(name: str) -> str:
    given = os.environ.get("CHATD_TEST_BINARIES")
    path = Path(given) / name if given else shutil.which(name)
    assert path, f"{name} is neither in $CHATD_TEST_BINARIES nor on PATH"
    return str(path)


def false_clock(time: str) -> dict[str, str]:
    """The environment in which faketime runs a program: run by itself it ends before the program has tidied up."""
    printed = subprocess.run(["faketime", "-f", time, "env"], stdout=subprocess.PIPE, check=True, text=True)
    variables = dict(line.split("=", 1) for line in printed.stdout.splitlines() if "=" in line)
    return {name: variables[name] for name in ("LD_PRELOAD", "FAKETIME")}


@functools.lru_cache()
def password_hash(password: str) -> str:
    made = subprocess.run(
        [program("chatd"), "hash-password", "--cost", "low"],
        input=password + "\n",
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return made.stdout.strip()


def toml(text: object) -> str:
    """A JSON string without surrogate escapes is a TOML basic string as well."""
    return json.dumps(str(text), ensure_ascii=False)


class ChatdController(BaseServerController, DirectoryBasedController):
    software_name = "chatd"
    supported_sasl_mechanisms: Set[str] = {"PLAIN", "SCRAM-SHA-256"}
    supports_sts = False
    extban_mute_char = "m"
    _port_wait_interval = 0.01

    capabilities = frozenset(
        {
            Capabilities.ACCOUNT_NOTIFY,
            Capabilities.ACCOUNT_TAG,
            Capabilities.AWAY_NOTIFY,
            Capabilities.BATCH,
            Capabilities.ECHO_MESSAGE,
            Capabilities.EXTENDED_JOIN,
            Capabilities.EXTENDED_MONITOR,
            Capabilities.LABELED_RESPONSE,
            Capabilities.MESSAGE_TAGS,
            Capabilities.MULTI_PREFIX,
            Capabilities.SERVER_TIME,
            Capabilities.SETNAME,
        }
    )

    optional_behaviors = frozenset(
        {
            OptionalBehaviors.BAN_EXCEPTION_MODE,
            OptionalBehaviors.CAP_REQ_MINUS,
            OptionalBehaviors.INVITE_EXCEPTION_MODE,
            OptionalBehaviors.INVITE_LIST,
            OptionalBehaviors.INVITE_OVERRIDES_LIMIT,
            OptionalBehaviors.MULTI_JOIN,
            OptionalBehaviors.MULTI_KICK,
            OptionalBehaviors.MULTI_NAMES_COMMAND,
            OptionalBehaviors.MULTI_PRIVMSG,
            OptionalBehaviors.NO_CTCP,
            OptionalBehaviors.ELIST_C,
            OptionalBehaviors.ELIST_M,
            OptionalBehaviors.ELIST_N,
            OptionalBehaviors.ELIST_T,
            OptionalBehaviors.ELIST_U,
            OptionalBehaviors.SASL_AFTER_REGISTRATION,
            OptionalBehaviors.SASL_REAUTHENTICATION,
        }
    )

    isupport = {"CASEMAPPING": "ascii", "UTF8ONLY": None, "PREFIX": "(ov)@+"}

    def run(
        self,
        hostname: str,
        port: int,
        *,
        password: Optional[str],
        ssl: bool,
        run_services: bool,
        faketime: Optional[str],
        websocket_hostname: Optional[str],
        websocket_port: Optional[int],
    ) -> None:
        assert self.proc is None
        # What cannot be done is refused before a process is started that nobody would end.
        if ssl:
            raise NotImplementedByController("TLS")
        if websocket_hostname is not None or websocket_port is not None:
            raise NotImplementedByController("Websocket")
        self.port = port
        self.hostname = hostname
        self.create_config()
        assert self.directory
        with self.open_file("chatd.toml") as file:
            file.write(self._configuration(hostname, port, password))
        clock = {}
        if faketime and shutil.which("faketime"):
            clock = false_clock(faketime)
            self.faketime_enabled = True
        self.proc = self.execute(
            [program("chatd"), "--config", self.directory / "chatd.toml"],
            env={
                **os.environ,
                **clock,
                "RUNTIME_DIRECTORY": str(self.directory),
                "STATE_DIRECTORY": str(self.directory),
            },
        )

    def wait_for_services(self) -> None:
        """There are none to wait for: whatever chatd offers, it offers itself."""

    def registerUser(
        self,
        case: cases.BaseServerTestCase,
        username: str,
        password: Optional[str] = None,
    ) -> None:
        """The password goes over standard input, since no line of IRC is long enough for all of them."""
        assert password
        self.wait_for_port()
        subprocess.run(
            [program("chatctl"), "--socket", self._admin_socket(), "account", "add", username],
            input=password,
            stdout=subprocess.DEVNULL,
            check=True,
            text=True,
        )

    def _admin_socket(self) -> Path:
        assert self.directory
        return self.directory / "admin.sock"

    def _configuration(self, hostname: str, port: int, password: Optional[str]) -> str:
        assert self.directory
        server_password = ""
        if password is not None:
            server_password = f"password-hash = {toml(password_hash(password))}"
        return CONFIGURATION.format(
            address=toml(f"{hostname}:{port}"),
            admin_socket=toml(self._admin_socket()),
            register_before_connect=json.dumps(self.test_config.account_registration_before_connect),
            require_email=json.dumps(self.test_config.account_registration_requires_email),
            password=server_password,
            operator_password=toml(password_hash("operpassword")),
        )


def get_irctest_controller_class() -> Type[ChatdController]:
    return ChatdController
