"""The service as docs/deployment.md has it run: Debian's nginx with the shipped file, gunicorn, PostGIS, on loopback."""
