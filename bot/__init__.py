"""How a message comes in and a reply goes out: one module a channel, and the one path through them."""
