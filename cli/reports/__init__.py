"""Reports as prose, as JSON, as pictures."""
