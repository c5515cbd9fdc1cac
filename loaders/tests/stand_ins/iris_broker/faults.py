"""What the broker can be told to do wrong. A number counts down; -1 means always."""

from dataclasses import dataclass


@dataclass
class Faults:
    """All off by default."""

    # tokens
    refuse_tokens: int = 0  # answer the next n put-tokens with 401
    ignore_tokens: int = 0  # never answer the next n
    drop_on_token: int = 0  # cut the connection on the next n
    # connections
    refuse_connections: bool = False  # accept, then close at once
    drop_after_transfers: int = 0  # cut after n more transfers, once
    drop_mid_frame: bool = False  # ... in the middle of a frame
    drop_rst: bool = True  # ... with RST rather than FIN
    drop_on_disposition: int = 0  # cut when the n-th disposition from now arrives, once
    drop_disposition_applied: bool = False  # ... after applying it, which the client cannot know
    # links
    detach_after_transfers: int = 0  # detach the receiving link after n more transfers, once
    detach_condition: str = "amqp:link:detach-forced"
    refuse_attach: int = 0  # refuse the next n receivers with attach_condition
    attach_condition: str = "com.microsoft:server-busy"
    # settlement
    ignore_dispositions: int = 0  # swallow the next n: neither applied nor answered
    mute_dispositions: int = 0  # apply the next n but never answer
    fail_dispositions: int = 0  # answer the next n with disposition_condition, not applied
    disposition_condition: str = "com.microsoft:server-busy"
    locks_die_with_link: bool = False  # else a lock lives until it expires
    refuse_management: int = 0  # answer the next n management requests with 500
    # pace
    round_trip_ms: float = 0.0  # half each way
    messages_per_second: float = 0.0  # for each queue; 0 is no limit
