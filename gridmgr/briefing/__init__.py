"""Briefings: what leaves the house. What is shown (scope), and the pages and commands that hand it out."""
