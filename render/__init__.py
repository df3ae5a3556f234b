"""Development tool: renders the demo collection (`contrapposto/demo`). Not part of the installed package."""
