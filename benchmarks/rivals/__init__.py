"""What a team would build first: a table of calls, and one process that sends what is due.

Each is as small as it can be and still do the same life of a call on the same database with the same POSTs.
"""
