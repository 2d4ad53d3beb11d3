"""The measurements of `bench/run`: one module for each part, and what the parts share."""
