"""Promises between rows of sites and pitches that PostgreSQL keeps whoever writes."""

import pgtrigger

# Neighbouring pitches share an edge; what floating point makes of it is not an overlap.
OVERLAP_TOLERANCE_M2 = 0.01

# What rounding to the millimetre and a turned rectangle make of a shared edge is not beyond it.
EDGE_TOLERANCE_M = 0.05
# What makes a plan: whoever changes one of these of a proposal has shaped it, and can't approve it.
PLAN = ("kind", "area", "side", "capacity", "opens", "closes", "season")

# From each state to those that may follow. Whoever changes the plan of an approved site proposes it anew.
STEPS: dict[str, tuple[str, ...]] = {
    "proposed": ("approved", "returned", "closed"),
    "returned": ("proposed", "closed"),
    "approved": ("open", "proposed", "closed"),
    "open": ("suspended", "proposed", "closed"),
    "suspended": ("open", "proposed", "closed"),
    "closed": (),
}
# What stands by somebody's approval.
APPROVED = ("approved", "open", "suspended")
# What is approved with a site; its road, side and metres move along when the road is measured anew. Its capacity is the
# most pitches that were approved: there may be fewer.
AS_APPROVED = ("kind", "area", "capacity", "opens", "closes", "season")


def pitches_apart() -> pgtrigger.Trigger:
    """Two pitches of one site do not lie on one another. The site row is locked, so two at once can't slip through."""
    return pgtrigger.Trigger(
        name="pitches_apart",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("area", "site_id"),
        declare=[("in_the_way", "text")],
        func=f"""
            PERFORM 1 FROM vendors_site WHERE id = NEW.site_id FOR NO KEY UPDATE;
            SELECT number INTO in_the_way FROM vendors_pitch
            WHERE site_id = NEW.site_id AND id IS DISTINCT FROM NEW.id AND area && NEW.area
              AND ST_Area(ST_Intersection(area, NEW.area)) > {OVERLAP_TOLERANCE_M2}
            LIMIT 1;
            IF in_the_way IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'pitches_apart',
                    TABLE = TG_TABLE_NAME, MESSAGE = format('pitch %s lies on pitch %s', NEW.number, in_the_way);
            END IF;
            RETURN NEW;
        """,
    )


def pitch_within_site() -> pgtrigger.Trigger:
    """A pitch lies on its site: what was approved is not walked out of, one pitch after another.

    The site row is locked, so that a site that moves at the same moment and its new pitch can't pass each other.
    """
    return pgtrigger.Trigger(
        name="pitch_within_site",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("area", "site_id"),
        declare=[("ground", "geometry")],
        func=f"""
            SELECT area INTO ground FROM vendors_site WHERE id = NEW.site_id FOR NO KEY UPDATE;
            IF NOT ST_CoveredBy(NEW.area, ST_Buffer(ground, {EDGE_TOLERANCE_M})) THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'pitch_within_site',
                    TABLE = TG_TABLE_NAME, MESSAGE = format('pitch %s lies outside its site', NEW.number);
            END IF;
            RETURN NEW;
        """,
    )


def site_holds_pitches() -> pgtrigger.Trigger:
    """A site that moves or shrinks takes its pitches along: at the end of the transaction they lie on it."""
    return pgtrigger.Trigger(
        name="site_holds_pitches",
        when=pgtrigger.After,
        timing=pgtrigger.Deferred,
        operation=pgtrigger.UpdateOf("area"),
        # A named function, not IS DISTINCT FROM: see gridmgr/core/stored_sql.py.
        condition=pgtrigger.Condition('NOT ST_OrderingEquals(OLD."area", NEW."area")'),
        declare=[("outside", "text")],
        func=f"""
            SELECT p.number INTO outside FROM vendors_pitch p JOIN vendors_site s ON s.id = p.site_id
            WHERE s.id = NEW.id AND NOT ST_CoveredBy(p.area, ST_Buffer(s.area, {EDGE_TOLERANCE_M}))
            LIMIT 1;
            IF outside IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_holds_pitches',
                    TABLE = TG_TABLE_NAME, MESSAGE = format('site %s leaves pitch %s behind', NEW.code, outside);
            END IF;
            RETURN NULL;
        """,
    )


def planner_is_proposer() -> pgtrigger.Trigger:
    """Whoever plans a site, by page, admin or file, proposes it; whoever shapes the proposal after that is kept beside
    the proposer in `shapers`. None of them can approve it.

    Who writes stands in the history's context; a script without one names the proposer itself. Nobody is taken off the
    list while it is one proposal. A site that was approved and is planned anew is a new one, with a list of its own.
    """
    new, old = (", ".join(f"{row}.{name}" for name in PLAN) for row in ("NEW", "OLD"))
    planned = "('proposed', 'returned')"

    def those(*lists: str) -> str:
        return (
            f"ARRAY(SELECT DISTINCT x FROM unnest({' || '.join(lists)}) AS x WHERE x IS NOT NULL ORDER BY x)"
        )

    return pgtrigger.Trigger(
        name="planner_is_proposer",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update,
        declare=[("planner", "bigint"), ("shaped", "boolean")],
        func=f"""
            planner := NULLIF(current_setting('pghistory.context_metadata', true), '')::jsonb ->> 'user';
            IF TG_OP = 'INSERT' THEN
                IF NEW.state IN {planned} THEN
                    NEW.proposed_by_id := COALESCE(NEW.proposed_by_id, planner);
                END IF;
                NEW.shapers := {those("NEW.shapers", "NEW.proposed_by_id::bigint")};
                RETURN NEW;
            END IF;
            IF NEW.state NOT IN {planned} THEN
                NEW.shapers := OLD.shapers;
                RETURN NEW;
            END IF;
            shaped := ({new}) IS DISTINCT FROM ({old});
            IF shaped AND NEW.proposed_by_id IS NOT DISTINCT FROM OLD.proposed_by_id
                AND (OLD.proposed_by_id IS NULL OR OLD.state NOT IN {planned}) THEN
                NEW.proposed_by_id := COALESCE(planner, NEW.proposed_by_id);
            END IF;
            IF OLD.state IN {planned} THEN
                NEW.shapers := {those("OLD.shapers", "NEW.shapers", "NEW.proposed_by_id::bigint", "CASE WHEN shaped THEN planner END")};
            ELSE
                NEW.shapers := {those("ARRAY[NEW.proposed_by_id::bigint]", "CASE WHEN shaped THEN planner END")};
            END IF;
            RETURN NEW;
        """,
    )


def version_counts() -> pgtrigger.Trigger:
    """Each change of a row raises its version by one, so that an editor can be told that somebody was quicker."""
    return pgtrigger.Trigger(
        name="version_counts",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func="NEW.version = OLD.version + 1; RETURN NEW;",
    )


def step_by_step() -> pgtrigger.Trigger:
    """A site goes from state to state by the permitted steps alone, and what was approved stays as it was approved.

    An approval names the proposer who stood in the row before: nobody's proposal becomes another's as it is approved,
    and nobody who shaped it approves it.
    Which hard rules a place breaks the database can't know; that a second person approved, and what, it can. A row
    entered as approved is taken with its record: a backup, the undo of a deletion and the demo come so, and nothing in
    the row tells them from an invented one. Who entered it, and when, stands in its history.
    """
    steps = ", ".join(f"('{old}', '{new}')" for old, after in STEPS.items() for new in after)
    approved = ", ".join(f"'{state}'" for state in APPROVED)
    plan = ", ".join(f"x.{name}" for name in AS_APPROVED)
    return pgtrigger.Trigger(
        name="step_by_step",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=f"""
            IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({steps}) THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_step_by_step',
                    TABLE = TG_TABLE_NAME, MESSAGE = format('from %s a site does not become %s', OLD.state, NEW.state);
            END IF;
            IF NEW.state = 'approved' AND OLD.state = 'proposed'
                AND NEW.proposed_by_id IS DISTINCT FROM OLD.proposed_by_id
                OR NEW.state IN ({approved}) AND OLD.state IN ({approved})
                AND (NEW.proposed_by_id, NEW.approved_by_id, NEW.approved_at)
                    IS DISTINCT FROM (OLD.proposed_by_id, OLD.approved_by_id, OLD.approved_at) THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_approval_stands',
                    TABLE = TG_TABLE_NAME, MESSAGE = 'who approved a site, and when, stays on record';
            END IF;
            IF NEW.state = 'approved' AND OLD.state = 'proposed' AND NEW.approved_by_id = ANY (OLD.shapers) THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_approved_by_another',
                    TABLE = TG_TABLE_NAME, MESSAGE = 'who shaped a proposal does not approve it';
            END IF;
            IF NEW.state IN ({approved})
                AND ({plan.replace("x.", "NEW.")}) IS DISTINCT FROM ({plan.replace("x.", "OLD.")}) THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_as_approved',
                    TABLE = TG_TABLE_NAME, MESSAGE = 'a site stands as it was approved, or is proposed anew';
            END IF;
            RETURN NEW;
        """,
    )


def season_holds_allocations(time_zone: str) -> pgtrigger.Trigger:
    """A market's season goes on holding the allocations that run or are to come; those that have ended are history."""
    return pgtrigger.Trigger(
        name="season_holds_allocations",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("season"),
        declare=[("beyond", "text")],
        func=f"""
            IF NEW.kind <> 'market' OR NEW.season IS NULL OR NEW.season IS NOT DISTINCT FROM OLD.season THEN
                RETURN NEW;
            END IF;
            SELECT p.number INTO beyond FROM vendors_allocation a JOIN vendors_pitch p ON p.id = a.pitch_id
            WHERE p.site_id = NEW.id AND NOT a.period <@ NEW.season
              AND (upper(a.period) IS NULL OR upper(a.period) > (now() AT TIME ZONE '{time_zone}')::date)
            LIMIT 1;
            IF beyond IS NOT NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'site_season_holds_allocations',
                    TABLE = TG_TABLE_NAME, MESSAGE = format('pitch %s is allocated beyond the season %s', beyond, NEW.season);
            END IF;
            RETURN NEW;
        """,
    )


def within_season() -> pgtrigger.Trigger:
    """An allocation in a fruit market lies within the market's season."""
    return pgtrigger.Trigger(
        name="within_season",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("period", "pitch_id"),
        declare=[("the_season", "daterange")],
        func="""
            SELECT s.season INTO the_season FROM vendors_site s JOIN vendors_pitch p ON p.site_id = s.id
            WHERE p.id = NEW.pitch_id FOR SHARE OF s;
            IF the_season IS NOT NULL AND NOT NEW.period <@ the_season THEN
                RAISE EXCEPTION USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_within_season',
                    TABLE = TG_TABLE_NAME, MESSAGE = format('period %s is not within the season %s', NEW.period, the_season);
            END IF;
            RETURN NEW;
        """,
    )


def hold_on_free_pitch(time_zone: str) -> pgtrigger.Trigger:
    """A pitch is held only while no vendor has it; the pitch row is locked against an allocation at the same moment."""
    return pgtrigger.Trigger(
        name="hold_on_free_pitch",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("during", "pitch_id"),
        func=f"""
            PERFORM 1 FROM vendors_pitch WHERE id = NEW.pitch_id FOR NO KEY UPDATE;
            IF EXISTS (
                SELECT 1 FROM vendors_allocation WHERE pitch_id = NEW.pitch_id AND period && daterange(
                    (lower(NEW.during) AT TIME ZONE '{time_zone}')::date,
                    (upper(NEW.during) AT TIME ZONE '{time_zone}')::date, '[]')
            ) THEN
                RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'hold_on_free_pitch',
                    TABLE = TG_TABLE_NAME, MESSAGE = 'a vendor has this pitch on that day';
            END IF;
            RETURN NEW;
        """,
    )


def allocation_locks_pitch(time_zone: str) -> pgtrigger.Trigger:
    """Allocations of one pitch queue at its row, so that holds and allocations can't pass each other.

    A hold that has not run out keeps its days: one for tomorrow morning too.
    """
    return pgtrigger.Trigger(
        name="allocation_locks_pitch",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("period", "pitch_id"),
        func=f"""
            PERFORM 1 FROM vendors_pitch WHERE id = NEW.pitch_id FOR NO KEY UPDATE;
            IF EXISTS (
                SELECT 1 FROM vendors_pitchhold WHERE pitch_id = NEW.pitch_id AND upper(during) > now()
                  AND vendor_id IS DISTINCT FROM NEW.vendor_id AND NEW.period && daterange(
                    (lower(during) AT TIME ZONE '{time_zone}')::date,
                    (upper(during) AT TIME ZONE '{time_zone}')::date, '[]')
            ) THEN
                RAISE EXCEPTION USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'allocation_on_held_pitch',
                    TABLE = TG_TABLE_NAME, MESSAGE = 'the pitch is being held for another vendor';
            END IF;
            RETURN NEW;
        """,
    )
