"""The demo city: real roads, schools, parks and water of Taiyuan, and simulated operations on them.

It composes all apps, so it stands beside gridmgr.desk, above gridmgr.catalog. Everything simulated is marked is_demo. The
same seed gives the same city on the same day (passwords apart).
"""
