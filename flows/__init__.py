"""What is asked, what is understood, and what follows: the conversation, as a pure core."""
