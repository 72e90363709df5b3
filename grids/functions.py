"""SQL of the road network: which roads a place may lie on, for many places in one statement with its index conditions."""

from grids.models import Assignment, Carriageway, Kerb, Road, RoadGap

# A kerb is smoothed over the bends of its road: so far beyond it a place may still lie within.
SLACK_M = 0.5
# Stretches don't hold their upper bound: the end of a road is taken a hair before it.
HAIR_M = 0.02


def _table(model: type) -> str:
    return f'"{model._meta.db_table}"'  # type: ignore[attr-defined]


def roads_around() -> str:
    """SQL for the roads within `reach` metres of each place, with what tells which of them it lies on.

    Parameters: `n` and `spot` (EWKB in hexadecimal) of the places, `reach`, and the day `on`. A row: place, road and
    its name, metre, metres to the reference line, metres to the left of it, whether the place lies between the road's
    kerbs, metres to the nearest kerb and its id (NULL: none within reach), metres to the edge of the nearest
    carriageway (negative on it; NULL: none), whether that one lies on the ground, and the section that answers for
    that metre on the day, with its branch (NULL: nobody).

    A place lies between the kerbs when the straight way from it to the reference line crosses none, and it is no
    farther from the line than the kerb of its side: beyond a kerb's end nothing is crossed either. Where a reference
    line jumps over a gap there is no road to lie on. A road without any kerb is as wide as it says.
    """
    return f"""
        WITH place AS MATERIALIZED (
            SELECT n, spot::geometry AS spot FROM unnest(%(n)s::int[], %(spot)s::text[]) AS given (n, spot)
        ), near AS MATERIALIZED (
            SELECT n, spot, road_id FROM place JOIN {_table(Kerb)} k ON ST_DWithin(k.line, spot, %(reach)s)
            UNION
            SELECT n, spot, r.id FROM place JOIN {_table(Road)} r ON ST_DWithin(r.reference_line, spot, %(reach)s)
            WHERE NOT EXISTS (SELECT FROM {_table(Kerb)} k WHERE k.road_id = r.id)
        ), foot AS MATERIALIZED (
            SELECT n, spot, road_id, name, width_m, length_m, reference_line, share, share * length_m AS metre,
                   ST_Distance(reference_line, spot) AS axis_m,
                   ((ST_X(ahead) - ST_X(behind)) * (ST_Y(spot) - ST_Y(behind))
                    - (ST_Y(ahead) - ST_Y(behind)) * (ST_X(spot) - ST_X(behind)))
                   / greatest(ST_Distance(behind, ahead), 0.001) AS left_m
            FROM near JOIN {_table(Road)} r ON r.id = road_id
            CROSS JOIN LATERAL (SELECT ST_LineLocatePoint(reference_line, spot) AS share) abreast
            CROSS JOIN LATERAL (
                SELECT ST_LineInterpolatePoint(reference_line, greatest(share - 1 / length_m, 0)) AS behind,
                       ST_LineInterpolatePoint(reference_line, least(share + 1 / length_m, 1)) AS ahead
            ) chord
        )
        SELECT n, f.road_id, f.name, metre, axis_m, left_m,
               axis_m <= coalesce(half_m, width_m / 2) + {SLACK_M}
               AND NOT EXISTS (
                   SELECT FROM {_table(RoadGap)} g WHERE g.road_id = f.road_id AND g.stretch @> metre::numeric
               )
               AND NOT EXISTS (
                   SELECT FROM {_table(Kerb)} k
                   WHERE k.road_id = f.road_id AND ST_Intersects(k.line, ST_ShortestLine(reference_line, spot))
               ) AS between,
               coalesce(kerb.metres, abs(axis_m - width_m / 2)) AS kerb_m, kerb.id,
               way.edge_m, way.ground, section.id, section.branch_id
        FROM foot f
        LEFT JOIN LATERAL (
            SELECT min(apart) AS metres, (array_agg(id ORDER BY apart))[1] AS id,
                   (array_agg(ST_Distance(reference_line, ST_ClosestPoint(line, spot)) ORDER BY apart)
                    FILTER (WHERE side = CASE WHEN left_m > 0 THEN 'left' ELSE 'right' END))[1] AS half_m
            FROM (
                SELECT id, line, side, ST_Distance(line, spot) AS apart FROM {_table(Kerb)} k
                WHERE k.road_id = f.road_id AND ST_DWithin(k.line, spot, %(reach)s)
            ) own
        ) kerb ON true
        LEFT JOIN LATERAL (
            SELECT edge_m, ground FROM (
                SELECT ST_Distance(c.line, spot) - c.width_m / 2 AS edge_m, c.level = 0 AND NOT c.tunnel AS ground
                FROM {_table(Carriageway)} c
                WHERE c.road_id = f.road_id AND ST_DWithin(c.line, spot, %(reach)s)
            ) own ORDER BY greatest(edge_m, 0), ground DESC, edge_m LIMIT 1
        ) way ON true
        LEFT JOIN {_table(Assignment)} section
            ON section.road_id = f.road_id AND section.period @> %(on)s::date
            AND section.stretch @> greatest(least(metre, length_m - {HAIR_M}), 0)::numeric
    """
