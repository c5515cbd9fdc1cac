"""Real-time messages: from Elexon's queue, its client's folder or its archive into ``raw_iris``, each message once."""
