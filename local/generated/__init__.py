"""Logs of calls that never happened, as real ones are: for whoever has no export of an own CAD system yet.

Every number has its source beside it, and says so where it is an assumption. Published logs of other cities were
measured for them: Alexandria, Virginia (18,989 police calls of 2025, 5,605 of them residents' of priority 3 and 4,
"low"), Seattle, San Luis Obispo ("SLO") and others. How many calls there are is Ottawa's own count of 2024: 62,795 of
priority 3 and 211,280 of priority 4.
"""
