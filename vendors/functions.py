"""SQL of siting: what many places at once meet around them, each statement with its index conditions.

Places come as arrays of EWKB in hexadecimal, so that one place and ten thousand are the same statement.
`%(…)s` parameters are named in each docstring.
"""

from grids.enums import WidthOrigin
from grids.models import Carriageway, Facility
from parking.models import Bay, DropOffHours, DropOffPoint, PandaLane, School, SchoolGate
from vendors.models import Site

# Half the width of a Panda lane, which is stored as its middle line.
PANDA_LANE_HALF_M = 1.5
# No carriageway is wider than twice this, and no footway: how far their lines are looked for beyond their edges.
WIDEST_HALF_M = 100.0
# A width that is only the usual one of its class may be wrong by so much at each side.
UNSURE_M = 2.0
_OF_WAYS = "'carriageway', 'roadway', 'structure'"
# From so many places on it pays to ask first how wide the widest footway is.
MANY = 100


def _table(model: type) -> str:
    return f'"{model._meta.db_table}"'  # type: ignore[attr-defined]


def nearest_targets() -> str:
    """SQL for the nearest target of each rule to each place: (place, rule, id, label, metres, what, note, half its width, shape as WKB).

    Parameters: `n`, `kind`, `area`, `inner` of the places; `r`, `applies_to`, `target`, `off`, `required`, `radius` of the
    rules; `highways`: which ways are main carriageways. Rules with `off` measure from `inner`, and require 0 m. Nothing
    within `radius` gives no row. Facilities and ways are looked for once a place; of those equally near the first by id counts.

    For ways the metres are to their edge, `what` is tunnel, bridge, below (the ground) or link, and `note` says what is not
    known: `width` where one that has its class's usual width may lie on the other side of what is required, `level` where
    no bridge or tunnel is too near, but a way whose source knows neither is.
    """
    return f"""
        WITH place AS MATERIALIZED (
            SELECT n, kind, area::geometry AS area, inside::geometry AS inside
            FROM unnest(%(n)s::int[], %(kind)s::text[], %(area)s::text[], %(inner)s::text[]) AS given (n, kind, area, inside)
        ), rule AS MATERIALIZED (
            SELECT * FROM unnest(
                %(r)s::int[], %(applies_to)s::text[], %(target)s::text[], %(off)s::bool[], %(required)s::float8[], %(radius)s::float8[]
            ) AS given (r, applies_to, target, off, required, radius)
        ), circle AS MATERIALIZED (
            SELECT radius, applies_to, array_agg(target) AS targets FROM rule
            WHERE target NOT IN ('school_gate', {_OF_WAYS}) GROUP BY radius, applies_to
        ), around AS MATERIALIZED (
            SELECT n, area, inside, radius, applies_to, f.id, f.kind, f.name, f.shape
            FROM circle JOIN place ON applies_to IN ('site', kind) JOIN {_table(Facility)} f
            ON f.shape && ST_Expand(area, radius) AND f.kind = ANY(targets)
        ), facility AS (
            SELECT DISTINCT ON (n, r) n, r, id, name, metres, shape
            FROM around JOIN rule USING (radius, applies_to)
            CROSS JOIN LATERAL (SELECT shape <-> CASE WHEN off THEN inside ELSE area END AS metres) apart
            WHERE target = kind AND metres <= radius
            ORDER BY n, r, metres, id
        ), gate_probe AS MATERIALIZED (
            SELECT n, r, radius, CASE WHEN off THEN inside ELSE area END AS shape
            FROM place JOIN rule ON applies_to IN ('site', kind) AND target = 'school_gate'
        ), widest AS MATERIALIZED (
            SELECT max(radius) + (SELECT max(width_m) / 2 FROM {_table(Carriageway)}) AS reach
            FROM rule WHERE target IN ({_OF_WAYS})
        ), street AS MATERIALIZED (
            SELECT n, place.kind, area, inside, c.id, c.name, c.line, c.width_m / 2 AS half, c.tunnel, c.is_link, c.level, c.level_known,
                   c.bridge OR c.level > 0 AS raised, c.tunnel OR c.level < 0 AS sunk,
                   c.width_origin = '{WidthOrigin.CLASS_DEFAULT}' AS usual,
                   c.highway = ANY(%(highways)s) AND NOT c.is_link AND NOT c.tunnel AND c.level = 0 AS main
            FROM place JOIN {_table(Carriageway)} c ON c.line && ST_Expand(area, (SELECT reach FROM widest))
        ), told AS (
            SELECT DISTINCT ON (n, r) n, r, id, name, gap, half, line,
                   CASE WHEN target <> 'structure' THEN CASE WHEN is_link THEN 'link' ELSE '' END
                        WHEN tunnel THEN 'tunnel' WHEN raised THEN 'bridge' WHEN sunk THEN 'below' ELSE '' END AS what,
                   CASE WHEN target = 'structure' AND (gap >= required OR NOT (sunk OR raised))
                             AND bool_or(NOT level_known AND gap < required) OVER each THEN 'level'
                        WHEN CASE WHEN gap > required THEN bool_or(usual AND gap - required <= {UNSURE_M}) OVER each
                                  ELSE usual AND required - gap <= {UNSURE_M} END THEN 'width'
                        ELSE '' END AS note
            FROM street JOIN rule ON applies_to IN ('site', kind) AND target IN ({_OF_WAYS})
            CROSS JOIN LATERAL (SELECT (line <-> CASE WHEN off THEN inside ELSE area END) - half AS gap) apart
            WHERE gap <= radius AND CASE target
                WHEN 'carriageway' THEN main
                WHEN 'roadway' THEN NOT tunnel AND level <= 0
                ELSE sunk OR raised OR NOT level_known AND gap < required
            END
            WINDOW each AS (PARTITION BY n, r)
            ORDER BY n, r, target = 'structure' AND NOT (sunk OR raised), gap, id
        )
        SELECT n, r, id, name, metres, '' AS what, '' AS note, 0.0 AS half, ST_AsBinary(shape) FROM facility
        UNION ALL
        SELECT n, r, s.id, s.name || ' ' || gate, metres, '', '', 0.0, ST_AsBinary(near.shape)
        FROM gate_probe probe CROSS JOIN LATERAL (
            SELECT g.school_id, g.name AS gate, g.location AS shape, g.location <-> probe.shape AS metres
            FROM {_table(SchoolGate)} g WHERE ST_DWithin(g.location, probe.shape, probe.radius)
            ORDER BY g.location <-> probe.shape LIMIT 1
        ) near JOIN {_table(School)} s ON s.id = near.school_id
        UNION ALL
        SELECT n, r, id, name, greatest(0, gap), what, note, half, ST_AsBinary(line) FROM told
    """


def footways_under() -> str:
    """SQL for the footways on which places stand: (place, footway's id, label, width, line near the place as WKB).

    Parameters: `n` and `area` of the places.
    """
    return f"""
        WITH place AS MATERIALIZED (
            SELECT n, area::geometry AS area FROM unnest(%(n)s::int[], %(area)s::text[]) AS given (n, area)
        ), widest AS MATERIALIZED (
            SELECT CASE WHEN count(*) < {MANY} THEN {WIDEST_HALF_M / 2} ELSE (
                SELECT max(width_m) / 2 FROM {_table(Facility)} WHERE kind = 'footway'
            ) END AS half FROM place
        )
        SELECT n, id, name, width_m, ST_AsBinary(ST_ClipByBox2D(shape, ST_Expand(area, {WIDEST_HALF_M})))
        FROM place CROSS JOIN LATERAL (
            SELECT f.id, f.name, f.width_m, f.shape FROM {_table(Facility)} f
            WHERE f.kind = 'footway' AND f.shape && ST_Expand(area, (SELECT half FROM widest))
              AND f.width_m IS NOT NULL AND ST_Dimension(f.shape) = 1 AND ST_Distance(f.shape, area) < f.width_m / 2
            OFFSET 0
        ) footway
    """


def kerb_uses_under(*, within: bool = False) -> str:
    """SQL for what else takes the ground of places: (place, kind, id, key, label, season from and to, hours, school, shape as WKB).

    Hours are two arrays of times, opening and closing; empty means all day. Parameters: `n`, `own` (id of the site that
    the place is, or null) and `inner` of the places. With `within` the second step is left out: all whose box
    meets the place's box.
    """
    meets = "true" if within else "ST_Intersects(area, inside)"
    meets_lane = "true" if within else f"ST_DWithin(line, inside, {PANDA_LANE_HALF_M})"
    return f"""
        WITH place AS MATERIALIZED (
            SELECT n, own, inside::geometry AS inside
            FROM unnest(%(n)s::int[], %(own)s::bigint[], %(inner)s::text[]) AS given (n, own, inside)
        )
        SELECT n, what, id, key, label, first_day, end_day, opens, closes, school, ST_AsBinary(shape)
        FROM place CROSS JOIN LATERAL (
            SELECT 'site' AS what, id, code AS key, name AS label, lower(season) AS first_day, upper(season) AS end_day,
                   ARRAY[opens] AS opens, ARRAY[closes] AS closes, false AS school, area AS shape
            FROM {_table(Site)}
            WHERE state <> 'closed' AND id IS DISTINCT FROM own AND area && inside AND {meets}
            UNION ALL
            SELECT 'bay', id, number, number, NULL, NULL,
                   array_remove(ARRAY[opens], NULL), array_remove(ARRAY[closes], NULL), false, area
            FROM {_table(Bay)} WHERE state <> 'removed' AND area && inside AND {meets}
            UNION ALL
            SELECT 'drop_off', p.id, p.code, p.code, NULL, NULL, h.opens, h.closes, true, p.area
            FROM {_table(DropOffPoint)} p, LATERAL (
                SELECT coalesce(array_agg(opens), '{{}}') AS opens, coalesce(array_agg(closes), '{{}}') AS closes
                FROM {_table(DropOffHours)} WHERE point_id = p.id
            ) h
            WHERE p.area && inside AND {meets}
            UNION ALL
            SELECT 'lane', l.id, l.id::text, s.name, NULL, NULL, h.opens, h.closes, true, l.line
            FROM {_table(PandaLane)} l JOIN {_table(School)} s ON s.id = l.school_id, LATERAL (
                SELECT coalesce(array_agg(opens), '{{}}') AS opens, coalesce(array_agg(closes), '{{}}') AS closes
                FROM {_table(DropOffHours)} t JOIN {_table(DropOffPoint)} p ON p.id = t.point_id
                WHERE p.school_id = l.school_id
            ) h
            WHERE l.line && ST_Expand(inside, {PANDA_LANE_HALF_M}) AND {meets_lane}
        ) uses
    """
