"""What people reach over HTTP: residents, staff, the public."""
