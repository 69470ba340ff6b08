"""A site in, findings out: rules, their legal basis, verdicts."""
