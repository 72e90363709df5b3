"""What the migrations promise of a database, what it has, and how to mend the difference.

A restore that stopped half-way, or somebody's `ALTER TABLE`, leaves a database that answers every page and keeps none
of its rules. So each start compares it with what the code declares (manage.py check_database).
"""
