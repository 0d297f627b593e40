"""What a Value is: the reference engine, and what both engines share."""
