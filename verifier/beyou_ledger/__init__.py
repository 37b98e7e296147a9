"""An offline checker of BeYou ledgers, written apart from the server so that they share no mistake."""
