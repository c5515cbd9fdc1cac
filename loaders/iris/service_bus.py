"""Elexon's queue: one connection, used until its first trouble, and plain words for every trouble.

The client library reconnects by itself, and must not here: while many completions are in flight it would open a
connection for each and leave them open. So it is not allowed to try again, nor to open twice; whoever uses this
throws the connection away and makes a new one.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import Self, TypeVar

from azure.core.exceptions import AzureError
from azure.identity.aio import ClientSecretCredential
from azure.servicebus import ServiceBusReceivedMessage, TransportType
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusConnectionError,
    ServiceBusError,
)

from loaders.iris.settings import IrisSettings

OPEN_SECONDS = 60  # these are for a library that would wait for ever
SETTLE_SECONDS = 45
CLOSE_SECONDS = 5
LOOKS, LOOK_SECONDS = 4, 0.25  # how long a refusal may take
Answer = TypeVar("Answer")

NEW_SECRET = "make a new one at Elexon's IRIS portal and put it into IRIS_CLIENT_SECRET"
LOGIN_ERRORS = {  # of Microsoft's login, by number
    "AADSTS7000215": f"IRIS_CLIENT_SECRET is no secret of IRIS_CLIENT_ID: copy its value (not its id), or {NEW_SECRET}",
    "AADSTS7000222": f"the client secret has expired: {NEW_SECRET} (and the new date into IRIS_SECRET_EXPIRES)",
    "AADSTS700016": "IRIS_CLIENT_ID is not known in IRIS_TENANT_ID: compare both with Elexon's IRIS portal",
    "AADSTS90002": "IRIS_TENANT_ID does not exist: compare it with Elexon's IRIS portal",
}


class Trouble(RuntimeError):
    """The connection is of no use any more; ``refused`` when trying again soon would not help."""

    def __init__(self, text: str, refused: bool = False):
        super().__init__(text)
        self.refused = refused


class Connection:
    """A receiver that locks messages until they are completed, and has so many more sent ahead."""

    def __init__(self, iris: IrisSettings, prefetch: int):
        self._iris, self._prefetch = iris, prefetch
        self._stack = AsyncExitStack()
        self._receiver: ServiceBusReceiver  # there once it is entered

    async def __aenter__(self) -> Self:
        try:
            client = await self._stack.enter_async_context(self._client())
            receiver = client.get_queue_receiver(self._iris.queue, prefetch_count=self._prefetch)
            _open_once(receiver)
            self._receiver = await self._tried(self._stack.enter_async_context(receiver), OPEN_SECONDS)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_) -> None:
        await self._close()

    def _client(self) -> ServiceBusClient:
        iris = self._iris
        if iris.connection_string:
            return ServiceBusClient.from_connection_string(iris.connection_string, retry_total=0)
        test_only = {"authority": iris.authority, "disable_instance_discovery": True} if iris.authority else {}
        trust = {"connection_verify": iris.ca_file} if iris.ca_file else {}
        login = {"retry_total": 0, **test_only, **trust}
        credential = ClientSecretCredential(iris.tenant_id, iris.client_id, iris.client_secret, **login)
        self._stack.push_async_exit(credential)
        endpoint = {"custom_endpoint_address": iris.endpoint} if iris.endpoint else {}
        host = f"{iris.namespace}.servicebus.windows.net"
        return ServiceBusClient(host, credential, retry_total=0, transport_type=TransportType.Amqp, **endpoint, **trust)

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._stack.aclose()  # gives back, uncounted, what was fetched ahead
        except (ServiceBusError, TimeoutError):
            pass  # a dead connection cannot be closed well

    async def verify(self) -> None:
        """Receives nothing, but waits for the refusal that a queue sends after it let us in.

        Raises:
            Trouble: the queue is not there, or not ours.
        """
        await self._tried(self._receiver._do_retryable_operation(self._look), OPEN_SECONDS)

    async def _look(self, **_) -> None:
        for _number in range(LOOKS):
            await self._receiver._handler.do_work_async()
            self._receiver._handler._link.get_state()  # raises what came
            await asyncio.sleep(LOOK_SECONDS)

    async def receive(self, most: int, seconds: float) -> list[ServiceBusReceivedMessage]:
        """What comes within ``seconds``; returns soon after the first.

        Raises:
            Trouble: what was received by this call is locked for a minute and comes again.
        """
        waiting = self._receiver.receive_messages(max_message_count=most, max_wait_time=seconds)
        return await self._tried(waiting, seconds + SETTLE_SECONDS)

    async def complete(self, messages: list[ServiceBusReceivedMessage]) -> tuple[Counter, Trouble | None]:
        """Tells the queue to forget the messages; how many it did, how many locks were lost, and what went wrong.

        A lost lock also stands for a completion whose answer was lost. Either way the message is in the spool, and
        is known if it comes again.
        """
        settling = asyncio.gather(*map(self._receiver.complete_message, messages), return_exceptions=True)
        outcomes: Counter[str] = Counter()
        trouble = None
        for outcome in await self._tried(settling, SETTLE_SECONDS):
            if outcome is None:
                outcomes["completed"] += 1
            elif isinstance(outcome, MessageLockLostError):
                outcomes["lock_lost"] += 1
            else:
                trouble = self._explained(outcome)
        return outcomes, trouble

    async def _tried(self, work: Awaitable[Answer], seconds: float) -> Answer:
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError:
            raise Trouble(f"no answer from {self._iris.where} for {seconds:g} s") from None
        except (ServiceBusError, ValueError) as error:
            raise self._explained(error) from error

    def _explained(self, error: BaseException) -> Trouble:
        """Plain words; errors that are none of the library's are raised as they are."""
        text, where = self._iris.without_secrets(str(error)), self._iris.where
        for number, meaning in LOGIN_ERRORS.items():
            if number in text:
                return Trouble(f"Microsoft's login refused us ({number}): {meaning}", refused=True)
        if "AADSTS" in text:
            return Trouble(f"Microsoft's login refused us: {text[text.index('AADSTS') :]}", refused=True)
        if isinstance(error, ServiceBusAuthenticationError | ServiceBusAuthorizationError):
            return Trouble(f"{where} refused our token: is the queue that of IRIS_CLIENT_ID? ({text})", refused=True)
        if isinstance(error, MessagingEntityNotFoundError):
            return Trouble(f"there is no {where}: compare IRIS_QUEUE with Elexon's IRIS portal", refused=True)
        if isinstance(error, ServiceBusConnectionError):
            return Trouble(f"cannot reach {where}, or lost it: {text}")
        if isinstance(cause := getattr(error, "inner_exception", None), AzureError):
            return Trouble(f"cannot reach Microsoft's login: {self._iris.without_secrets(str(cause))}")
        if isinstance(error, ServiceBusError) or "already been shutdown" in text:
            return Trouble(f"the connection to {where} broke: {text}")
        raise error


def _open_once(receiver: ServiceBusReceiver) -> None:
    """Makes the library fail where it would connect again by itself."""
    open_, opened = receiver._open, False

    async def open_once(timeout: float | None = None) -> None:
        nonlocal opened
        if receiver._running:
            return
        if opened:
            raise ServiceBusConnectionError(message="The connection was lost.")
        opened = True
        await open_(timeout)

    receiver._open = open_once
