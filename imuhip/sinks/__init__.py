"""Where live results go. A sink takes what the pipeline gives and never makes the feeding side wait."""
