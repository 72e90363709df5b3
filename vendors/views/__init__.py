"""The pages of vendors: the register, the allocation board of a site, the guide on the street, and its records."""
