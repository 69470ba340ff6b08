"""The commands: one module a subject, each a shell around public verbs. Heavy imports stand inside the commands."""
