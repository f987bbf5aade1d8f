"""From what a CAD sends, in whatever shape, to one thing: `told.Told`."""
