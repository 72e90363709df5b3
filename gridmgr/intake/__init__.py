"""Data files through pages, both ways: download of any list; upload, datum, preview, writing, and undo of a whole import."""
