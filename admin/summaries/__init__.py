"""Usage summaries: when they are due, what they count, how they read, how they are sent."""
