"""The two nodes that answer questions: ``$cbs`` for tokens, ``<queue>/$management`` for settling by lock token."""

import uuid

from proton import Message, int32, symbol

from loaders.tests.stand_ins.iris_broker.queues import LOCK_LOST

REFUSED = "InvalidSignature: The token has an invalid signature."
HOW = {"completed": "completed", "abandoned": "abandoned", "suspended": "dead_lettered_by_client"}


def reply(peer, node: str, request: Message, properties: dict, body=None) -> None:
    """Answers on the link that the client opened for it."""
    link = peer.replies.get(node)
    if link is None:
        return
    answer = Message(body=body, correlation_id=request.id, properties=properties)
    delivery = link.delivery(uuid.uuid4().hex)
    link.stream(answer.encode())
    link.advance()
    delivery.settle()
    peer.again = True


def put_token(peer, request: Message) -> None:
    """Authorises the connection, unless a fault says otherwise."""
    broker, faults = peer.broker, peer.broker.faults
    properties = request.properties or {}
    broker.tokens.append({"type": str(properties.get("type")), "audience": str(properties.get("name"))})
    if faults.drop_on_token:
        faults.drop_on_token -= 1
        peer.die(faults.drop_rst)
    elif faults.ignore_tokens:
        faults.ignore_tokens -= 1
    elif faults.refuse_tokens:
        faults.refuse_tokens -= faults.refuse_tokens > 0
        broker.stats["tokens_refused"] += 1
        said = {"status-code": int32(401), "status-description": REFUSED}
        reply(peer, "$cbs", request, {**said, "error-condition": symbol("amqp:unauthorized-access")})
    else:
        peer.authorised = True
        reply(peer, "$cbs", request, {"status-code": int32(202), "status-description": "Accepted"})


def management(peer, node: str, request: Message) -> None:
    """Settles by lock token, which the client turns to when the link that lent the message is gone."""
    broker, properties, body = peer.broker, request.properties or {}, request.body or {}
    queue, operation = broker.queues.get(node.removesuffix("/$management")), str(properties.get("operation"))
    broker.stats[f"management:{operation}"] += 1

    def answer(code: int, name: str = "", description: str = "OK") -> None:
        said = {"statusCode": int32(code), "statusDescription": description}
        reply(peer, node, request, {**said, "errorCondition": symbol(name)} if name else said, {})

    if broker.faults.refuse_management:
        broker.faults.refuse_management -= 1
        return answer(500, "amqp:internal-error", "Refused on purpose.")
    if queue is None:
        return answer(404, "amqp:not-found", "no such entity")
    if operation != "com.microsoft:update-disposition":
        return answer(400, "amqp:not-implemented", operation)
    array = body.get("lock-tokens")
    for token in getattr(array, "elements", array) or []:
        lock = queue.locks.get(token if isinstance(token, uuid.UUID) else uuid.UUID(str(token)))
        if lock is None:
            queue.stats["settle_lock_lost"] += 1
            return answer(410, *LOCK_LOST)
        queue.settle(lock, HOW[str(body.get("disposition-status"))])
        queue.stats["settled_over_management"] += 1
    answer(200)
    return broker.dispatch_soon(queue)
