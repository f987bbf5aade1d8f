"""The service's doors, each as the process that people start: CAD's records, surveys, and the pages of staff.

python -m benchmarks.doors accept|survey|pages
"""
