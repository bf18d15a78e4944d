"""What is kept, for how long, and who can read it: sealed records, keys, the queue, and forgetting."""
