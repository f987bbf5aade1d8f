"""How each process is watched: its log lines, its own port, whether it lives and is ready, how long pages take."""
