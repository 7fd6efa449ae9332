"""Options that several commands share, each read once into what the libraries take."""
