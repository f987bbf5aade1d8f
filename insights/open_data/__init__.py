"""The bundle of open data of a quarter: from counts to files in which nobody can be found."""
