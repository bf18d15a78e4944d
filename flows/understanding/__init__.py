"""What somebody means by what they wrote: a module a question, each a plain function from text to a typed answer."""
