"""The walking network of the streets in the database: built before a server forks, rebuilt when a street changes.

A city's network takes a second or two to build. Whoever asks while it is being rebuilt gets the one before: a way on
foot that is a few seconds old stalls nobody. Few streets are built on the spot.
"""

import logging
from threading import Lock, Thread
from typing import Any

import shapely
from django.db import DatabaseError, connection, connections
from django.db.models import BigIntegerField, Count, Func, Max, Q, Sum

from gridmgr.core.layers.models import DataChange
from grids.domain.walkable import WalkableWay
from grids.domain.walking import WalkingNetwork
from grids.models import Carriageway

FEW = 500  # carriageways that are made a network within a request
State = tuple[Any, ...]
log = logging.getLogger(__name__)


class _Kept:
    """The network of the newest state of the carriageways that was asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._state: State | None = None
        self._network: WalkingNetwork | None = None
        self._builder: Thread | None = None

    def current(self) -> WalkingNetwork:
        state, changed_here = _state()
        if changed_here:  # nobody else may see what this transaction hasn't committed
            return WalkingNetwork.of(_stored_ways())
        with self._lock:  # one thread builds, the others wait for it
            if self._network is None or self._is_elsewhere(state) or (self._state != state and _are_few()):
                self._network, self._state = WalkingNetwork.of(_stored_ways()), state
            elif self._state != state and (self._builder is None or not self._builder.is_alive()):
                self._builder = Thread(target=self._rebuild, name="walking-network", daemon=True)
                self._builder.start()
            return self._network

    def settled(self) -> None:
        """Waits for a network that is being built."""
        if self._builder is not None:
            self._builder.join()

    def _is_elsewhere(self, state: State) -> bool:
        """Whether what is kept is another database's."""
        return self._state is not None and self._state[0] != state[0]

    def _rebuild(self) -> None:
        try:
            state, _changed_here = _state()
            network = WalkingNetwork.of(_stored_ways())
        finally:
            connection.close()
        with self._lock:
            self._network, self._state = network, state


_KEPT = _Kept()


def walking_network() -> WalkingNetwork:
    """The network of all carriageways as this transaction sees them, or as they were some seconds ago."""
    return _KEPT.current()


def build_before_forking() -> None:
    """Builds the network for all processes that will be forked from this one; without a database they build their own.

    Streets of which no network can be made keep the guide from finding ways, not the rest of the site from starting.
    """
    try:
        walking_network()
    except DatabaseError as error:
        log.warning("the walking network is left to the first request: %s", error)
    except Exception:
        log.exception("no walking network could be made of the streets: the guide will not find ways")
    finally:
        connections.close_all()  # a connection is not to be shared with a fork


class _OwnTransaction(Func):
    """Number of this transaction, 0 as long as it has written nothing."""

    template = "coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0)"
    output_field = BigIntegerField()


def _state() -> tuple[State, bool]:
    """The database and state of the carriageways' table (see DataChange); whether we changed it ourselves just now."""
    found = DataChange.objects.filter(table_name=Carriageway._meta.db_table).aggregate(
        newest=Max("xid"), sum=Sum("weight"), own=Count("pk", filter=Q(xid=_OwnTransaction()))
    )
    return (connection.settings_dict["NAME"], found["newest"], found["sum"]), bool(found["own"])


def _stored_ways() -> list[WalkableWay]:
    stored = Carriageway.objects.order_by("pk").values_list(
        "line", "highway", "is_link", "level", "bridge", "tunnel", "osm_id"
    )
    return [
        WalkableWay(
            line=shapely.from_wkb(bytes(line.wkb)),
            highway=highway,
            is_link=is_link,
            level=level,
            off_ground=bridge or tunnel or level != 0,
            from_osm=osm_id is not None,
        )
        for line, highway, is_link, level, bridge, tunnel, osm_id in stored
    ]


def _are_few() -> bool:
    return Carriageway.objects.count() <= FEW
