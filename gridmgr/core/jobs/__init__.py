"""Jobs: what takes longer than a page may. `queue.enqueue` asks for one, `work.Work` is what the one who does it gets.

`settings.GRIDMGR_JOBS` names for each kind the function `make(work: Work) -> Product`. A worker (`manage.py run_jobs`)
runs it in a process of its own, with progress, cancelling, a limit on memory and time; the file is kept for its owner.
"""
