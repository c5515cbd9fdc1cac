"""Who is told what: changes of state, market events, the week."""
