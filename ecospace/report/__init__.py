"""Tables and figures in, documents out: terminal, Excel, JSON, Word."""
