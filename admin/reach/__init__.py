"""How the service is found by those it is for: what makes it known, and what comes of that."""
