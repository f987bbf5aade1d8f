"""CAD pushes: records of our own API, and EIDO, over HTTP on a port of its own."""
