"""CAD in: reads what dispatch systems tell, keeps one record per call, starts and signals workflows."""
