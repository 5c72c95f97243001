"""Pages that are made when the site is built, from the code that they describe."""
