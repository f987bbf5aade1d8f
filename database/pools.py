"""How many connections the process may have, and how many are in use: read at each scrape, no database asked."""

from collections.abc import Iterator
from typing import Final
from weakref import WeakSet

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

_ENGINES: Final[WeakSet[Engine]] = WeakSet()


def watch_pool(engine: Engine) -> None:
    """Count it."""
    _ENGINES.add(engine)


class _Pools(Collector):
    def collect(self) -> Iterator[Metric]:
        in_use = GaugeMetricFamily("communityconnect_database_connections_in_use", "Taken out of the process's pools")
        most = GaugeMetricFamily("communityconnect_database_connections_most", "That its pools may have")
        pools = [engine.pool for engine in list(_ENGINES)]
        in_use.add_metric([], sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool)))
        most.add_metric([], sum(pool.size() for pool in pools if isinstance(pool, QueuePool)))
        yield from (in_use, most)


REGISTRY.register(_Pools())
