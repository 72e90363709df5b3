"""Which k of many sites to open: capacitated location with split demand, by interchange, with a proven bound.

Costs are to be made small. A unit of demand served by a site costs that pair's `cost`, a unit left unserved costs
`unserved`. Most weight served within reach is the case of cost 0 and unserved 1; least walking has metres as cost.

Method: vertex substitution (Teitz and Bart 1968) over a transport problem per set of sites; swaps are ranked by the
prices of demand and room (the transport problem's duals) as Resende and Werneck rank them by distances. The bound is
Lagrangian: "each demand is served once" goes into the objective, each site is then a knapsack of its own, and
the k best sites bound every plan from below for any prices. It comes near that of the LP relaxation with x <= w y.
"""

from vendors.domain.location.problem import Effort, Problem
from vendors.domain.location.search import Search
from vendors.domain.location.transport import solve_transport

__all__ = ["Effort", "Problem", "Search", "solve_transport"]
