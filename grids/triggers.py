"""Promises between rows that a plain constraint can't hold; PostgreSQL keeps them whoever writes.

Each raises SQLSTATE 23514 (check_violation) with a constraint name, so that Django sees an IntegrityError.
"""

import pgtrigger

_OUTSIDE_ROAD = (
    "format('stretch %s is not within the road (0 to %s m)', stray.stretch, round(stray.road_length, 2))"
)
_OUTSIDE_SECTION = (
    "format('%s, %s is not within the branch''s section %s, %s', "
    "NEW.stretch, NEW.period, section.stretch, section.period)"
)


def _refuse(constraint: str, message: str) -> str:
    return (
        f"RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}', "
        f"TABLE = TG_TABLE_NAME, MESSAGE = {message};"
    )


def stretch_on_road() -> list[pgtrigger.Trigger]:
    """A stretch has both ends, is not empty, and lies between metre 0 and the end of its road.

    Looked at once per statement, over all its rows, by one trigger for each kind of statement.
    """
    new = "SELECT road_id, stretch FROM new_values"
    moved = f"{new} EXCEPT SELECT road_id, stretch FROM old_values"
    return [
        _stretch_on_road("insert", pgtrigger.Insert, pgtrigger.Referencing(new="new_values"), new),
        _stretch_on_road(
            "update", pgtrigger.Update, pgtrigger.Referencing(old="old_values", new="new_values"), moved
        ),
    ]


def _stretch_on_road(
    kind: str, operation: pgtrigger.Operation, tables: pgtrigger.Referencing, rows: str
) -> pgtrigger.Trigger:
    """Roads are locked before the look, in one order, so that none becomes shorter meanwhile.

    The left join visits each row once, however few rows the plan was made for.
    """
    return pgtrigger.Trigger(
        name=f"stretch_on_road_{kind}",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=tables,
        declare=[("stray", "record")],
        func=f"""
            PERFORM 1 FROM grids_road WHERE id = ANY(ARRAY(SELECT DISTINCT road_id FROM ({rows}) AS each_row))
            ORDER BY id FOR SHARE;
            SELECT each_row.stretch, road.length_m::numeric AS road_length INTO stray
            FROM ({rows}) AS each_row LEFT JOIN grids_road AS road ON road.id = each_row.road_id
            WHERE isempty(stretch) OR lower_inf(stretch) OR upper_inf(stretch)
               OR lower(stretch) < 0 OR upper(stretch) > road.length_m::numeric + 0.01
            LIMIT 1;
            IF FOUND THEN
                {_refuse("stretch_on_road", _OUTSIDE_ROAD)}
            END IF;
            RETURN NULL;
        """,
    )


def one_secretary(branch_column: str) -> pgtrigger.Trigger:
    """At the end of each transaction a branch has exactly one serving secretary (it may change within one)."""
    return pgtrigger.Trigger(
        name="one_secretary",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        timing=pgtrigger.Deferred,
        declare=[("the_branch", "bigint"), ("secretaries", "integer")],
        func=f"""
            FOREACH the_branch IN ARRAY ARRAY[
                CASE WHEN TG_OP <> 'DELETE' THEN NEW.{branch_column} END,
                CASE WHEN TG_OP <> 'INSERT' THEN OLD.{branch_column} END
            ] LOOP
                IF EXISTS (SELECT 1 FROM grids_branch WHERE id = the_branch) THEN
                    SELECT count(*) INTO secretaries FROM grids_member
                    WHERE branch_id = the_branch AND role = 'secretary' AND left_on IS NULL;
                    IF secretaries <> 1 THEN
                        {_refuse("one_secretary", "format('branch %s has %s serving secretaries, not one', the_branch, secretaries)")}
                    END IF;
                END IF;
            END LOOP;
            RETURN NULL;
        """,
    )


def share_within_section() -> pgtrigger.Trigger:
    """A member's stretch lies within the branch's section, in metres and in days, and the member is of that branch."""
    return pgtrigger.Trigger(
        name="share_within_section",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        declare=[("section", "grids_assignment%ROWTYPE"), ("member_branch", "bigint")],
        func=f"""
            SELECT * INTO section FROM grids_assignment WHERE id = NEW.assignment_id FOR SHARE;
            SELECT branch_id INTO member_branch FROM grids_member WHERE id = NEW.member_id FOR SHARE;
            IF isempty(NEW.stretch) OR isempty(NEW.period)
               OR NOT (NEW.stretch <@ section.stretch AND NEW.period <@ section.period) THEN
                {_refuse("share_within_section", _OUTSIDE_SECTION)}
            END IF;
            IF member_branch <> section.branch_id THEN
                {_refuse("share_by_own_branch", "'the member belongs to another branch'")}
            END IF;
            RETURN NEW;
        """,
    )


def section_holds_shares() -> pgtrigger.Trigger:
    """A section can't shrink, end or change hands under the members' stretches in it."""
    return pgtrigger.Trigger(
        name="section_holds_shares",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("stretch", "period", "branch_id"),
        func=f"""
            IF EXISTS (
                SELECT 1 FROM grids_memberassignment share JOIN grids_member m ON m.id = share.member_id
                WHERE share.assignment_id = NEW.id
                  AND NOT (share.stretch <@ NEW.stretch AND share.period <@ NEW.period AND m.branch_id = NEW.branch_id)
            ) THEN
                {_refuse("section_holds_shares", "'members still answer for parts of this section; end those first'")}
            END IF;
            RETURN NULL;
        """,
    )


def member_keeps_branch(time_zone: str) -> pgtrigger.Trigger:
    """A member changes branch only when no current or future stretch of the old branch is theirs."""
    return pgtrigger.Trigger(
        name="member_keeps_branch",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("branch_id"),
        func=f"""
            IF NEW.branch_id <> OLD.branch_id AND EXISTS (
                SELECT 1 FROM grids_memberassignment share
                WHERE share.member_id = NEW.id AND (
                    upper_inf(share.period) OR upper(share.period) > (now() AT TIME ZONE '{time_zone}')::date)
            ) THEN
                {_refuse("member_keeps_branch", "'the member still answers for stretches of the old branch; end those first'")}
            END IF;
            RETURN NEW;
        """,
    )
