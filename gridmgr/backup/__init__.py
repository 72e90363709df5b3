"""One file that a city comes back from: its database, the files that it refers to, and the keys to read both."""
