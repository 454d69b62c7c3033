"""The transport of a distributed suite: RabbitMQ between every outbox and the inboxes of its subscribers."""

from shared.events.rabbit.topology import declare_all, exchange_name, queue_name
from shared.events.rabbit.transport import RabbitTransport

__all__ = ["RabbitTransport", "declare_all", "exchange_name", "queue_name"]
