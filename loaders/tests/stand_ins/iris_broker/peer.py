"""One client's AMQP: its links, what is transferred to it, and how it settles."""

from proton import Delivery, Endpoint, Event, Message

from loaders.tests.stand_ins.iris_broker.frames import condition
from loaders.tests.stand_ins.iris_broker.queues import Lock, Queue, Queued
from loaders.tests.stand_ins.iris_broker.requests import management, put_token
from loaders.tests.stand_ins.iris_broker.wire import Wire

STREAM_BYTES = 60_000  # of one transfer frame, as the service cuts them
IDLE = "The link is force detached. Code: RenewToken/Idle. Details: AmqpMessageConsumer.IdleTimerExpired."


class Peer(Wire):
    """A connection that the broker accepted."""

    def __init__(self, broker):
        super().__init__(broker)
        self.authorised = False
        self.replies: dict[str, object] = {}  # node -> the link that its answers go to
        self.receiving: list[tuple[Queue, object]] = []

    def on_event(self, event) -> None:
        kind = event.type
        if kind == Event.DELIVERY:
            self._on_delivery(event.delivery)
        elif kind == Event.LINK_FLOW:
            self._on_flow(event.link)
        elif kind == Event.CONNECTION_REMOTE_OPEN:
            self.connection.open()
        elif kind == Event.SESSION_REMOTE_OPEN:
            event.session.open()
        elif kind == Event.LINK_REMOTE_OPEN:
            self._on_attach(event.link)
        elif kind in (Event.LINK_REMOTE_CLOSE, Event.LINK_REMOTE_DETACH):
            self._drop_link(event.link)
            _close(event.link)
        elif kind == Event.SESSION_REMOTE_CLOSE:
            _close(event.session)
        elif kind == Event.CONNECTION_REMOTE_CLOSE:
            _close(self.connection)
        elif kind == Event.TRANSPORT_ERROR:
            self.broker.stats["transport_errors"] += 1

    def on_gone(self) -> None:
        for _, link in list(self.receiving):
            self._drop_link(link)
        self.broker.stats["disconnections"] += 1

    # -- links
    def _on_attach(self, link) -> None:
        terminus = link.remote_source if link.is_sender else link.remote_target
        node = entity(terminus.address)
        link.snd_settle_mode, link.rcv_settle_mode = link.remote_snd_settle_mode, link.remote_rcv_settle_mode
        if node == "$cbs" or (self.authorised and node.endswith("/$management")):
            self._accept(link)
            if link.is_sender:
                self.replies[node] = link
            else:
                link.flow(2000)
        elif not self.authorised:
            claim = "Unauthorized access. 'Listen' claim(s) are required to perform this operation."
            self._refuse(link, "amqp:unauthorized-access", claim)
        else:
            self._attach_receiver(link, node)

    def _attach_receiver(self, link, node: str) -> None:
        queue, faults = self.broker.queues.get(node), self.broker.faults
        if queue is None or not link.is_sender:
            self._refuse(link, "amqp:not-found", f"The messaging entity 'sb://loopback/{node}' could not be found.")
        elif faults.refuse_attach:
            faults.refuse_attach -= faults.refuse_attach > 0
            self._refuse(link, faults.attach_condition, "The request was refused on purpose.")
        elif queue.exclusive and queue.links:
            self._refuse(link, "amqp:not-allowed", "One connection per queue.")
        else:
            self._accept(link)
            self.receiving.append((queue, link))
            queue.links.append((self, link))
            self.broker.stats["attached"] += 1

    def _accept(self, link) -> None:
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        link.max_message_size = 100 << 20
        link.open()

    def _refuse(self, link, name: str, description: str) -> None:
        link.open()  # with neither source nor target, as the service answers
        link.condition = condition(name, description)
        link.close()
        self.broker.stats["attach_refused"] += 1

    def _on_flow(self, link) -> None:
        for queue, receiving in self.receiving:
            if receiving == link:
                self.broker.dispatch(queue)
                if link.drain_mode:
                    link.drained()
                return

    def _drop_link(self, link) -> None:
        for queue, receiving in list(self.receiving):
            if receiving == link:
                self.receiving.remove((queue, receiving))
                queue.links.remove((self, receiving))
                if self.broker.faults.locks_die_with_link:
                    queue.link_gone(receiving)
                    self.broker.dispatch_soon(queue)

    def detach_all(self, name: str) -> None:
        """The service takes every receiving link away."""
        for _, link in list(self.receiving):
            self._detach(link, name)

    def _detach(self, link, name: str) -> None:
        self._drop_link(link)
        link.condition = condition(name, IDLE)
        link.close()
        self.broker.stats["detached"] += 1
        self.pump()

    # -- transfers
    def send(self, queue: Queue, link, message: Queued) -> bool:
        """Lends one message to a link; False when a fault ended the link."""
        lock = queue.lock(message, link)
        payload = message.encoded(int(lock.expires * 1000))
        delivery = link.delivery(lock.token.bytes_le)
        delivery.lock = lock
        for at in range(0, len(payload), STREAM_BYTES):
            link.stream(payload[at : at + STREAM_BYTES])
            if at + STREAM_BYTES < len(payload):
                self.flush()
        link.advance()
        queue.stats["transfers"] += 1
        return self._survives(link, len(payload))

    def _survives(self, link, size: int) -> bool:
        faults = self.broker.faults
        if faults.detach_after_transfers:
            faults.detach_after_transfers -= 1
            if not faults.detach_after_transfers:
                self.flush()
                self._detach(link, faults.detach_condition)
                return False
        if faults.drop_after_transfers:
            faults.drop_after_transfers -= 1
            if not faults.drop_after_transfers:
                data = self.taken(self.proton.pending())
                self.write(data[: len(data) - size // 2] if faults.drop_mid_frame else data)
                self.die(faults.drop_rst)
                return False
        return True

    # -- what the client sends
    def _on_delivery(self, delivery) -> None:
        link = delivery.link
        if link.is_sender:
            self._on_disposition(delivery)
            return
        if delivery.partial or not delivery.readable:
            return
        data = link.recv(delivery.pending)
        link.advance()
        if link.credit < 500:
            link.flow(1000)
        message = Message()
        message.decode(bytes(data))
        delivery.update(Delivery.ACCEPTED)
        delivery.settle()
        node = entity(link.remote_target.address)
        if node == "$cbs":
            put_token(self, message)
        else:
            management(self, node, message)

    def _on_disposition(self, delivery) -> None:
        lock: Lock | None = getattr(delivery, "lock", None)
        if not delivery.updated:
            return
        gone = bool(delivery.link.state & Endpoint.LOCAL_CLOSED)  # it arrived after the detach: not applied
        if lock is None or gone or not (delivery.remote_state or delivery.settled):
            delivery.settle()
            return
        faults = self.broker.faults
        self.broker.stats["dispositions"] += 1
        if faults.drop_on_disposition:
            faults.drop_on_disposition -= 1
            if not faults.drop_on_disposition:
                if faults.drop_disposition_applied:
                    self._apply(lock, delivery)
                self.die(faults.drop_rst)
                return
        if faults.ignore_dispositions:
            faults.ignore_dispositions -= 1
            return
        self._settle(lock, delivery)

    def _settle(self, lock: Lock, delivery) -> None:
        faults, state = self.broker.faults, delivery.remote_state
        if faults.fail_dispositions:
            faults.fail_dispositions -= 1
            error = (faults.disposition_condition, "Refused on purpose.")
        else:
            error = self._apply(lock, delivery)
        if faults.mute_dispositions:
            faults.mute_dispositions -= 1
            return
        if not delivery.settled:
            if error:
                delivery.local.condition = condition(*error)
                delivery.update(Delivery.REJECTED)
            else:
                delivery.local.failed = state == Delivery.MODIFIED
                delivery.update(state)
        delivery.settle()
        self.again = True
        if lock.queue.ready:
            self.broker.dispatch_soon(lock.queue)

    def _apply(self, lock: Lock, delivery) -> tuple[str, str] | None:
        how = {Delivery.ACCEPTED: "completed", Delivery.MODIFIED: "abandoned"}
        how[Delivery.REJECTED] = "dead_lettered_by_client"
        return lock.queue.settle(lock, how.get(delivery.remote_state, "released"))


def entity(address: str | None) -> str:
    """The path of an address."""
    address = address or ""
    return address.partition("://")[2].partition("/")[2] if "://" in address else address


def _close(endpoint) -> None:
    if not endpoint.state & Endpoint.LOCAL_CLOSED:
        endpoint.close()
