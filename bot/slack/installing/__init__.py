"""Installation by OAuth: how a workspace lets Baton in, where its token is kept, and what follows when it ends."""
