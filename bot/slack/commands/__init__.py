"""What people say to Baton, carried out: one function for each phrase, whether typed, mentioned or written."""
