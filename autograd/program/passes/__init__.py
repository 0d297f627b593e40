"""The passes between a tape and its packs, in the order in which they run."""
