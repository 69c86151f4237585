"""The auditor of simulations: it shares no code with what it judges."""
