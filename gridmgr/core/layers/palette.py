"""Colours of maps on screen and paper.

Branches share seven colours, told apart by the colour-blind and, by their lightness (L* 22 to 80 in even steps), in
grey print. Green, amber and red are kept for verdicts and states.
"""

BRANCH_COLOURS = ("#1b2a6b", "#7a2a7a", "#8a5a1a", "#0f8a8a", "#e0679b", "#5cb8e6", "#c9c75a")

COLOURS = {
    "river": "#bcd9ea",
    "park": "#d3e6c9",
    "market": "#e6d9c8",
    "road": "#ffffff",
    "road_casing": "#c3bfb6",
    "unassigned": "#767c83",
    "site": "#0f6b5c",
    "market_site": "#b4530a",
    "school": "#5b4bb5",
    "drop_off": "#1f5fbf",
    "panda": "#22272e",
    "bay": "#3d6fb4",
    "bay_fill": "#a9c4e6",
    "pitch_free": "#ffffff",
    "pitch_taken": "#7b8794",
    "junction": "#8a6d2f",
    "crossing": "#69717a",
    "footway": "#a08c6a",
    "no_vending": "#6e1a1a",
    "fire": "#c0143c",
    "fuel": "#3d3d48",
    "bus": "#2b6f9e",
    "free": "#2e8540",
    "warned": "#c77700",
    "barred": "#c0272d",
    "ink": "#1d2126",
    "halo": "#ffffff",
    "ground_name": "#5f6f78",
    "border": "#5a6169",
    "others": "#a9aeb4",
}


def branch_colour(index: int) -> str:
    """The colour of a branch whose Branch.colour is `index`."""
    return BRANCH_COLOURS[index % len(BRANCH_COLOURS)]
