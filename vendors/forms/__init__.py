"""Forms of the register, the allocation board and the guide page."""
