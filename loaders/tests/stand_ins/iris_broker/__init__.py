"""A loopback AMQP 1.0 peer that looks like an Azure Service Bus queue to the unmodified azure-servicebus client.

Apache Qpid Proton is the AMQP engine, driven from asyncio, so that the frames are a mature implementation's and the
sockets are ours to break. It speaks what the IRIS receiver needs: SASL, ``$cbs`` tokens, peek-lock receiving, locks
that expire, delivery counts and dead letters, ``$management`` settling, TLS, and Elexon's token endpoint.
"""
